//! The seal at the end of the files that hold weights: a checksum of all before it, so that not one bit changes unseen.
//!
//! ```text
//! contents | checksum        8 bytes, least significant first
//! ```

use crate::digest::Digest;

/// The contents with their seal.
pub(crate) fn sealed(mut contents: Vec<u8>) -> Vec<u8> {
    let checksum = Digest::of(&contents);
    contents.extend(checksum.to_le_bytes());
    contents
}

/// The contents of a sealed file; the reason if they are not what was sealed.
pub(crate) fn unsealed(bytes: &[u8]) -> Result<&[u8], String> {
    let Some((contents, checksum)) = bytes.split_last_chunk() else {
        return Err("it is cut off".into());
    };
    match Digest::of(contents) == u64::from_le_bytes(*checksum) {
        true => Ok(contents),
        false => Err("its checksum is wrong: it is cut off, or its contents have changed".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changed_bit_and_every_cut_breaks_the_seal() {
        let file = sealed(b"numbers".to_vec());
        assert_eq!(unsealed(&file), Ok(&b"numbers"[..]));
        for bit in 0..8 * file.len() {
            let mut changed = file.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(unsealed(&changed).is_err(), "bit {bit}");
        }
        for end in 0..file.len() {
            assert!(unsealed(&file[..end]).is_err(), "{end} bytes");
        }
        assert!(unsealed(&[&file[..], &[0]].concat()).is_err());
    }
}
