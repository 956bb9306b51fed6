//! Which numbers of a stream have been seen.

use crate::error::Refused;

/// How far back numbers are remembered.
const SIZE: u64 = u128::BITS as u64;

/// The numbers of a stream that have been seen, as far back as it matters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// The largest number seen.
    newest: u64,
    /// Bit n: whether `newest - n` has been seen.
    seen: u128,
    /// The first number seen. What was before it is no loss: the receiver may have come later than the sender.
    first: u64,
}

/// What a number that has not been seen before tells about others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    /// So many before it are missing, that were not missing until now.
    Opens(u64),
    /// It was missing itself.
    Closes,
}

impl Window {
    pub(crate) fn new(first: u64) -> Window {
        Window { newest: first, seen: 1, first }
    }

    /// Marks a number as seen.
    pub(crate) fn accept(&mut self, number: u64) -> Result<Gap, Refused> {
        if number > self.newest {
            let step = number - self.newest;
            self.seen = if step < SIZE { self.seen << step | 1 } else { 1 };
            self.newest = number;
            return Ok(Gap::Opens(step - 1));
        }
        let back = self.newest - number;
        if back >= SIZE {
            return Err(Refused::TooOld);
        }
        if self.seen >> back & 1 == 1 {
            return Err(Refused::Replayed);
        }
        self.seen |= 1 << back;
        Ok(if number < self.first { Gap::Opens(0) } else { Gap::Closes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn each_number_counts_once_as_far_back_as_the_window_reaches() {
        let mut window = Window::new(1000);
        assert_eq!(window.accept(1000), Err(Refused::Replayed));
        assert_eq!(window.accept(1128), Ok(Gap::Opens(127)));
        assert_eq!(window.accept(1000), Err(Refused::TooOld));
        assert_eq!(window.accept(1001), Ok(Gap::Closes));
        assert_eq!(window.accept(1001), Err(Refused::Replayed));
        assert_eq!(window.accept(u64::MAX), Ok(Gap::Opens(u64::MAX - 1129)));
        assert_eq!(window.accept(1128), Err(Refused::TooOld));
    }

    #[test]
    fn what_was_sent_before_the_first_is_no_loss() {
        let mut window = Window::new(3);
        assert_eq!(window.accept(2), Ok(Gap::Opens(0)));
        assert_eq!(window.accept(5), Ok(Gap::Opens(1)));
        assert_eq!(window.accept(1), Ok(Gap::Opens(0)));
        assert_eq!(window.accept(4), Ok(Gap::Closes));
    }

    proptest! {
        /// Against a set that remembers everything.
        #[test]
        fn no_order_lets_a_number_in_twice(numbers in prop::collection::vec(1u64..400, 1..200)) {
            let mut window = Window::new(numbers[0]);
            let (mut seen, mut newest) = (HashSet::from([numbers[0]]), numbers[0]);
            let mut lost = 0;
            for number in &numbers[1..] {
                match window.accept(*number) {
                    Ok(gap) => {
                        prop_assert!(seen.insert(*number));
                        match gap {
                            Gap::Opens(n) => lost += n,
                            Gap::Closes => lost -= 1,
                        }
                    }
                    Err(Refused::Replayed) => prop_assert!(seen.contains(number)),
                    Err(reason) => {
                        prop_assert_eq!(reason, Refused::TooOld);
                        prop_assert!(newest - number >= 128);
                    }
                }
                newest = newest.max(*number);
            }
            let missing = (numbers[0]..=newest).filter(|number| !seen.contains(number)).count();
            prop_assert_eq!(lost, missing as u64);
        }
    }
}
