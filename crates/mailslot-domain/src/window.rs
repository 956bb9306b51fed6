//! Records which numbers of a stream have been seen.

use core::ops::RangeInclusive;

use crate::error::Refused;

/// How far back numbers are remembered: four of the largest batches.
const SIZE: u64 = 1024;

/// The numbers of a stream that have been seen, among the last [`SIZE`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// The largest number seen.
    newest: u64,
    /// One bit for each of the last [`SIZE`] numbers, at the number's remainder by [`SIZE`].
    seen: [u64; (SIZE / 64) as usize],
    /// The first number seen. Earlier numbers do not count as lost: the receiver may have started after the sender.
    first: u64,
}

/// The effect of accepted numbers on the count of lost ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    /// This many earlier numbers are newly missing.
    Opens(u64),
    /// This many of the accepted numbers were missing.
    Closes(u64),
}

impl Window {
    /// A window that begins with these numbers: at least one, and at most as many as it remembers.
    pub(crate) fn new(numbers: RangeInclusive<u64>) -> Window {
        let (first, last) = numbers.into_inner();
        let mut window = Window { newest: last, seen: [0; (SIZE / 64) as usize], first };
        (first..=last).for_each(|number| window.mark(number));
        window
    }

    /// Marks numbers as seen: all of them, or none if one was seen before.
    pub(crate) fn accept(&mut self, numbers: RangeInclusive<u64>) -> Result<Gap, Refused> {
        let (first, last) = numbers.into_inner();
        if first > self.newest {
            let gap = first - self.newest - 1;
            if last - self.newest < SIZE {
                (self.newest + 1..first).for_each(|number| self.unmark(number));
            } else {
                self.seen = Default::default();
            }
            (first..=last).for_each(|number| self.mark(number));
            self.newest = last;
            return Ok(Gap::Opens(gap));
        }
        if self.newest - first >= SIZE {
            return Err(Refused::TooOld);
        }
        // The newest number has been seen, so a range that includes it is a replay.
        if last >= self.newest || (first..=last).any(|number| self.is_marked(number)) {
            return Err(Refused::Replayed);
        }
        (first..=last).for_each(|number| self.mark(number));
        Ok(Gap::Closes((last + 1).saturating_sub(first.max(self.first))))
    }

    fn is_marked(&self, number: u64) -> bool {
        let (word, bit) = place(number);
        self.seen[word] & bit != 0
    }

    fn mark(&mut self, number: u64) {
        let (word, bit) = place(number);
        self.seen[word] |= bit;
    }

    fn unmark(&mut self, number: u64) {
        let (word, bit) = place(number);
        self.seen[word] &= !bit;
    }
}

fn place(number: u64) -> (usize, u64) {
    ((number % SIZE / 64) as usize, 1 << (number % 64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn accept(window: &mut Window, number: u64) -> Result<Gap, Refused> {
        window.accept(number..=number)
    }

    #[test]
    fn each_number_counts_once_as_far_back_as_the_window_reaches() {
        let mut window = Window::new(1000..=1000);
        assert_eq!(accept(&mut window, 1000), Err(Refused::Replayed));
        assert_eq!(accept(&mut window, 2024), Ok(Gap::Opens(1023)));
        assert_eq!(accept(&mut window, 1000), Err(Refused::TooOld));
        assert_eq!(accept(&mut window, 1001), Ok(Gap::Closes(1)));
        assert_eq!(accept(&mut window, 1001), Err(Refused::Replayed));
        assert_eq!(accept(&mut window, u64::MAX), Ok(Gap::Opens(u64::MAX - 2025)));
        assert_eq!(accept(&mut window, 2024), Err(Refused::TooOld));
        assert_eq!(accept(&mut window, u64::MAX - 1), Ok(Gap::Closes(1)));
    }

    #[test]
    fn what_was_sent_before_the_first_is_no_loss() {
        let mut window = Window::new(3..=3);
        assert_eq!(accept(&mut window, 2), Ok(Gap::Closes(0)));
        assert_eq!(accept(&mut window, 5), Ok(Gap::Opens(1)));
        assert_eq!(accept(&mut window, 1), Ok(Gap::Closes(0)));
        assert_eq!(accept(&mut window, 4), Ok(Gap::Closes(1)));
    }

    #[test]
    fn numbers_of_a_batch_are_let_in_together_or_not_at_all() {
        let mut window = Window::new(10..=19);
        assert_eq!(window.accept(30..=39), Ok(Gap::Opens(10)));
        assert_eq!(window.accept(19..=21), Err(Refused::Replayed));
        assert_eq!(window.accept(38..=40), Err(Refused::Replayed));
        assert_eq!(window.accept(20..=24), Ok(Gap::Closes(5)));
        assert_eq!(window.accept(5..=9), Ok(Gap::Closes(0)));
        assert_eq!(window.accept(25..=29), Ok(Gap::Closes(5)));
    }

    proptest! {
        /// Compares with a set that remembers everything.
        #[test]
        fn no_order_lets_a_number_in_twice(batches in prop::collection::vec((1u64..3000, 1u64..256), 1..200)) {
            let numbers = |(first, count): (u64, u64)| first..=first + count - 1;
            let mut window = Window::new(numbers(batches[0]));
            let mut seen: HashSet<u64> = numbers(batches[0]).collect();
            let mut newest = *numbers(batches[0]).end();
            let mut lost = 0;
            for batch in &batches[1..] {
                match window.accept(numbers(*batch)) {
                    Ok(gap) => {
                        for number in numbers(*batch) {
                            prop_assert!(seen.insert(number));
                        }
                        match gap {
                            Gap::Opens(n) => lost += n,
                            Gap::Closes(n) => lost -= n,
                        }
                        newest = newest.max(*numbers(*batch).end());
                    }
                    Err(Refused::Replayed) => prop_assert!(numbers(*batch).any(|number| seen.contains(&number))),
                    Err(reason) => {
                        prop_assert_eq!(reason, Refused::TooOld);
                        prop_assert!(newest - batch.0 >= 1024);
                    }
                }
            }
            let missing = (batches[0].0..=newest).filter(|number| !seen.contains(number)).count();
            prop_assert_eq!(lost, missing as u64);
        }
    }
}
