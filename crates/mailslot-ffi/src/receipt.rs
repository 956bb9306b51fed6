//! `MAILSLOT_RECEIPT` and `mailslot_receipt`, which have one layout.

/// What became of a message at one computer.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Receipt {
    /// The computer's name in UTF-8, with a NUL.
    computer: [u8; NAME],
    outcome: u32,
}

const NAME: usize = 64;

impl Receipt {
    /// Stores as many receipts as there is room for. Returns false if there are more.
    pub fn store(receipts: &[mailslot::Receipt], room: &mut [Receipt]) -> bool {
        for (place, receipt) in room.iter_mut().zip(receipts) {
            let mut computer = [0; NAME];
            // A computer's name has at most 15 characters; a longer text is not a name.
            if let Some(bytes) = computer[..NAME - 1].get_mut(..receipt.computer.len()) {
                bytes.copy_from_slice(receipt.computer.as_bytes());
            }
            *place = Receipt { computer, outcome: receipt.outcome.number().into() };
        }
        receipts.len() <= room.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mailslot::Outcome;

    #[test]
    fn receipts_are_stored_as_far_as_there_is_room() {
        let receipt = |computer: &str| mailslot::Receipt::new(computer, Outcome::Silent);
        let mut room = [Receipt { computer: [1; NAME], outcome: 99 }; 2];
        assert!(Receipt::store(&[receipt("SRV1"), receipt(&"x".repeat(64))], &mut room));
        assert_eq!((&room[0].computer[..5], room[0].outcome), (&b"SRV1\0"[..], 5));
        assert_eq!(room[1].computer, [0; NAME]);
        assert!(!Receipt::store(&[receipt("A"), receipt("B")], &mut room[..1]));
        assert_eq!(size_of::<Receipt>(), 68);
    }
}
