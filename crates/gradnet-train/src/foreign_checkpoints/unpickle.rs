//! From the bytes of a pickle to its values: a stack machine that calls nothing.
//!
//! A pickle is a program for a small machine with a stack, marks on it and a memo; its operations
//! are those of Python's `pickletools`, protocols 2 to 5.

use std::collections::HashMap;

use super::pickle::{Id, Node, Object};

/// Values of a pickle, at most: a longer one holds no checkpoint of networks like these.
const MOST: usize = 10_000_000;

/// All values of the pickle that begins at `start`, the one it stands for, and where it ends.
pub(super) fn unpickle(bytes: &[u8], start: usize) -> Result<(Vec<Node>, Id, usize), String> {
    let mut machine = Machine {
        bytes,
        at: start,
        nodes: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    let root = machine.run()?;
    Ok((machine.nodes, root, machine.at))
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl Machine<'_> {
    fn run(&mut self) -> Result<Id, String> {
        loop {
            let operation = self.take(1)?[0];
            if operation == b'.' {
                return self.pop();
            }
            self.step(operation)?;
            if self.nodes.len().max(self.stack.len()) > MOST {
                return Err(format!("its pickle has more than {MOST} values"));
            }
        }
    }

    fn step(&mut self, operation: u8) -> Result<(), String> {
        match operation {
            0x80 | 0x95 => self.skip(if operation == 0x80 { 1 } else { 8 })?,
            b'(' => self.marks.push(self.stack.len()),
            b'0' if self.marks.last() == Some(&self.stack.len()) => {
                self.marks.pop();
            }
            b'0' => {
                self.pop()?;
            }
            b'1' => {
                self.pop_to_mark()?;
            }
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
            }
            b'N' => self.push(Node::Other),
            0x88 | 0x89 => self.push(Node::Bool(operation == 0x88)),
            b'G' => {
                self.skip(8)?;
                self.push(Node::Other);
            }
            b'J' => {
                let value = i32::from_le_bytes(self.array()?);
                self.push(Node::Int(value.into()));
            }
            b'K' | b'M' => {
                let value = self.unsigned(if operation == b'K' { 1 } else { 2 })?;
                self.push(Node::Int(value as i64));
            }
            0x8a => self.long(1)?,
            0x8b => self.long(4)?,
            0x8c => self.text(1)?,
            b'X' => self.text(4)?,
            0x8d => self.text(8)?,
            b'U' => self.python2_text(1)?,
            b'T' => self.python2_text(4)?,
            b'C' => self.binary(1)?,
            b'B' => self.binary(4)?,
            0x8e | 0x96 => self.binary(8)?,
            b')' | b']' | 0x8f => self.push(Node::List(Vec::new())),
            b'}' => self.push(Node::Dict(Vec::new())),
            b't' | b'l' | 0x91 => {
                let items = self.pop_to_mark()?;
                self.push(Node::List(items));
            }
            b'd' => {
                let items = self.pop_to_mark()?;
                self.push(Node::Dict(pairs(&items)));
            }
            0x85..=0x87 => {
                let count = usize::from(operation - 0x84);
                let items = self.pop_many(count)?;
                self.push(Node::List(items));
            }
            b'a' | b'e' | 0x90 => {
                let more = self.popped(operation == b'a', 1)?;
                let top = self.top()?;
                if let Node::List(items) = &mut self.nodes[top as usize] {
                    items.extend(more);
                }
            }
            b's' | b'u' => {
                let more = pairs(&self.popped(operation == b's', 2)?);
                let top = self.top()?;
                match &mut self.nodes[top as usize] {
                    Node::Dict(entries) => entries.extend(more),
                    Node::Object(object) => object.entries.extend(more),
                    _ => {}
                }
            }
            b'h' => self.get(1)?,
            b'j' => self.get(4)?,
            b'q' => self.put(1)?,
            b'r' => self.put(4)?,
            0x94 => {
                let (place, top) = (self.memo.len() as u32, self.top()?);
                self.memo.insert(place, top);
            }
            b'c' => {
                let name = format!("{}.{}", self.line()?, self.line()?);
                self.push(Node::Class(name));
            }
            0x93 => {
                let parts = self.pop_many(2)?;
                let [module, name] = [0, 1].map(|part| match &self.nodes[parts[part] as usize] {
                    Node::Text(text) => text.as_str(),
                    _ => "?",
                });
                let name = format!("{module}.{name}");
                self.push(Node::Class(name));
            }
            b'R' | 0x81 => {
                let call = self.pop_many(2)?;
                self.call(call[0], call[1]);
            }
            0x92 => {
                let call = self.pop_many(3)?;
                self.call(call[0], call[1]);
            }
            b'b' => {
                let state = self.pop()?;
                let top = self.top()?;
                if let Node::Object(object) = &mut self.nodes[top as usize] {
                    object.state = Some(state);
                }
            }
            b'Q' => {
                let name = self.pop()?;
                self.push(Node::Persistent(name));
            }
            other => {
                return Err(format!(
                    "its pickle has the unknown operation 0x{other:02x}"
                ));
            }
        }
        Ok(())
    }

    fn call(&mut self, class: Id, arguments: Id) {
        self.push(Node::Object(Box::new(Object {
            class,
            arguments,
            entries: Vec::new(),
            state: None,
        })));
    }

    fn push(&mut self, node: Node) {
        self.stack.push(self.nodes.len() as Id);
        self.nodes.push(node);
    }

    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Result<Id, String> {
        self.stack[self.floor()..]
            .last()
            .copied()
            .ok_or_else(|| "its pickle takes more than there is".into())
    }

    fn pop(&mut self) -> Result<Id, String> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// The uppermost values, the last one last.
    fn pop_many(&mut self, count: usize) -> Result<Vec<Id>, String> {
        let mut items: Vec<Id> = (0..count).map(|_| self.pop()).collect::<Result<_, _>>()?;
        items.reverse();
        Ok(items)
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Id>, String> {
        let mark = self
            .marks
            .pop()
            .ok_or("its pickle has no mark where one is asked for")?;
        Ok(self.stack.split_off(mark))
    }

    fn popped(&mut self, few: bool, count: usize) -> Result<Vec<Id>, String> {
        match few {
            true => self.pop_many(count),
            false => self.pop_to_mark(),
        }
    }

    fn get(&mut self, width: usize) -> Result<(), String> {
        let place = self.unsigned(width)? as u32;
        let found = self
            .memo
            .get(&place)
            .ok_or("its pickle refers to what it has not said")?;
        self.stack.push(*found);
        Ok(())
    }

    fn put(&mut self, width: usize) -> Result<(), String> {
        let (place, top) = (self.unsigned(width)? as u32, self.top()?);
        self.memo.insert(place, top);
        Ok(())
    }

    fn take(&mut self, count: usize) -> Result<&[u8], String> {
        let end = self
            .at
            .checked_add(count)
            .filter(|end| *end <= self.bytes.len());
        let end = end.ok_or("its pickle is cut off")?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn skip(&mut self, count: usize) -> Result<(), String> {
        self.take(count).map(|_| ())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn unsigned(&mut self, width: usize) -> Result<u64, String> {
        let mut little = [0; 8];
        little[..width].copy_from_slice(self.take(width)?);
        Ok(u64::from_le_bytes(little))
    }

    /// As many bytes as the number before them says.
    fn counted(&mut self, width: usize) -> Result<&[u8], String> {
        let count = usize::try_from(self.unsigned(width)?).unwrap_or(usize::MAX);
        self.take(count)
    }

    fn long(&mut self, width: usize) -> Result<(), String> {
        let digits = self.counted(width)?;
        let node = match digits.len() {
            0..=8 => {
                let negative = digits.last().is_some_and(|byte| *byte > 127);
                let mut little = [if negative { 255 } else { 0 }; 8];
                little[..digits.len()].copy_from_slice(digits);
                Node::Int(i64::from_le_bytes(little))
            }
            _ => Node::Bytes(digits.to_vec()),
        };
        self.push(node);
        Ok(())
    }

    fn text(&mut self, width: usize) -> Result<(), String> {
        let text = String::from_utf8_lossy(self.counted(width)?).into_owned();
        self.push(Node::Text(text));
        Ok(())
    }

    /// A text of Python 2, which says nothing of its encoding.
    fn python2_text(&mut self, width: usize) -> Result<(), String> {
        let text = self
            .counted(width)?
            .iter()
            .map(|byte| char::from(*byte))
            .collect();
        self.push(Node::Text(text));
        Ok(())
    }

    fn binary(&mut self, width: usize) -> Result<(), String> {
        let bytes = self.counted(width)?.to_vec();
        self.push(Node::Bytes(bytes));
        Ok(())
    }

    fn line(&mut self) -> Result<String, String> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| *byte == b'\n');
        let length = length.ok_or("its pickle is cut off")?;
        let line = String::from_utf8_lossy(&rest[..length]).into_owned();
        self.at += length + 1;
        Ok(line)
    }
}

fn pairs(items: &[Id]) -> Vec<(Id, Id)> {
    items
        .chunks_exact(2)
        .map(|pair| (pair[0], pair[1]))
        .collect()
}
