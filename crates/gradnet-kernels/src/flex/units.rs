//! The activation of some of a shell's hidden units, whichever it is.

use super::hidden::Order;
use super::lanes::{Element, Lanes};
use super::{cascade, softmax_modules};
use crate::tied::TiedKind;

/// The activation of some hidden units, with parameters of its own.
pub(super) struct Units<E> {
    kind: TiedKind,
    count: usize,
    parameters: Vec<Vec<E>>,
}

impl<E: Element> Units<E> {
    /// `count` units, with parameters in the order of [`TiedKind`].
    pub(super) fn new(kind: TiedKind, count: usize, parameters: Vec<Vec<E>>) -> Self {
        Self {
            kind,
            count,
            parameters,
        }
    }

    fn learned(&self) -> Option<(&[E], &[E])> {
        match &self.parameters[3..] {
            [a, b] => Some((a, b)),
            _ => None,
        }
    }

    fn cascade(&self) -> cascade::Parameters<'_, E> {
        cascade::Parameters {
            layers: self.parameters[0].len() / self.count,
            hidden: self.count,
            alpha: &self.parameters[0],
            beta: &self.parameters[1],
            bias: &self.parameters[2],
            learned: self.learned(),
        }
    }

    fn softmax_modules(&self) -> softmax_modules::Parameters<'_, E> {
        softmax_modules::Parameters {
            bias: &self.parameters[0],
            alpha: &self.parameters[1],
            temperature: &self.parameters[2],
            learned: self.learned(),
        }
    }

    /// The values, and what [`Units::differentiate`] needs of them if it is to come.
    pub(super) fn evaluate<L: Lanes<Element = E>>(
        &self,
        lanes: L,
        z: &[E],
        keep: bool,
    ) -> (Vec<E>, Vec<E>) {
        match self.kind {
            TiedKind::Cascade(function) => {
                cascade::evaluate(lanes, z, &self.cascade(), function, keep)
            }
            TiedKind::SoftmaxModules => {
                softmax_modules::evaluate(lanes, z, &self.softmax_modules(), keep)
            }
        }
    }

    /// Turns the gradient of the values into that of z, and returns those of the parameters.
    pub(super) fn differentiate<L: Lanes<Element = E>>(
        &self,
        lanes: L,
        z: &[E],
        kept: &[E],
        gradient: &mut [E],
    ) -> Vec<Vec<E>> {
        match self.kind {
            TiedKind::Cascade(function) => {
                let p = self.cascade();
                let found = cascade::differentiate(lanes, z, kept, gradient, &p, function);
                let mut parameters = vec![found.alpha, found.beta, found.bias];
                parameters.extend(found.learned.into_iter().flat_map(|(a, b)| [a, b]));
                parameters
            }
            TiedKind::SoftmaxModules => {
                let p = self.softmax_modules();
                let found = softmax_modules::differentiate(lanes, z, kept, gradient, &p);
                let mut parameters = vec![found.bias, found.alpha, found.temperature];
                parameters.extend(found.learned.into_iter().flatten());
                parameters
            }
        }
    }
}

/// How the hidden vectors of an activation lie: a cascade's parameters differ from unit to unit, and its units lie along the lanes; a
/// module's are its own and its sums go over its units, so that the batch lies along the lanes.
pub(super) fn order(kind: TiedKind) -> Order {
    match kind {
        TiedKind::Cascade(_) => Order::Rows,
        TiedKind::SoftmaxModules => Order::Units,
    }
}
