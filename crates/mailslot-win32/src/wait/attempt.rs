//! One check of the objects of a wait, which takes them if the wait can end.

use super::dispatcher::Signal;
use super::waitable::{Ended, Until, Waitable};
use crate::code::{Code, Result};
use crate::sync_object::Look;

/// The result of a check. If the wait continues, also what could end it without a notification.
#[derive(Default)]
pub(super) struct Attempt {
    pub(super) ended: Option<Ended>,
    /// When a timer will be signalled, in nanoseconds of the clock.
    pub(super) next: Option<i64>,
    /// Processes that hold mutexes.
    pub(super) holders: Vec<u32>,
}

/// A locked object.
enum Seen<'a> {
    Signal(&'a Signal),
    Object(&'a Look<'a>),
}

/// Checks the objects, under the lock of all waits.
pub(super) fn attempt(objects: &[Waitable<'_>], until: Until) -> Result<Attempt> {
    let mut attempt = Attempt::default();
    match until {
        Until::Any => {
            for (index, object) in objects.iter().enumerate() {
                let look = object.object().map(|object| object.look()).transpose()?;
                let seen = Seen::new(*object, look.as_ref())?;
                if attempt.is_signalled(&seen)? {
                    attempt.ended = Some(ended(index, seen.take()?));
                    break;
                }
            }
        }
        Until::All => attempt.take_all(objects)?,
    }
    Ok(attempt)
}

fn ended(index: usize, abandoned: bool) -> Ended {
    if abandoned { Ended::Abandoned(index) } else { Ended::Signalled(index) }
}

impl Attempt {
    fn is_signalled(&mut self, seen: &Seen<'_>) -> Result<bool> {
        match seen {
            Seen::Signal(signal) => Ok(signal.is_set()),
            Seen::Object(look) => {
                let (signalled, next) = look.is_signalled()?;
                self.next = self.next.into_iter().chain(next).min();
                if !signalled {
                    self.holders.extend(look.holder());
                }
                Ok(signalled)
            }
        }
    }

    /// Takes all or none: every lock is held until all objects have been checked and taken.
    fn take_all(&mut self, objects: &[Waitable<'_>]) -> Result<()> {
        let mut order: Vec<_> = objects.iter().filter_map(Waitable::object).collect();
        order.sort_by_key(|object| object.order());
        order.dedup_by_key(|object| object.order());
        let looks = order.iter().map(|object| Ok((object.order(), object.look()?))).collect::<Result<Vec<_>>>()?;
        let look = |object: &Waitable<'_>| {
            let order = object.object()?.order();
            looks.iter().find(|(other, _)| *other == order).map(|(_, look)| look)
        };
        let mut all = !objects.is_empty();
        for object in objects {
            all &= self.is_signalled(&Seen::new(*object, look(object))?)?;
        }
        if all {
            let mut abandoned = false;
            for object in objects {
                abandoned |= Seen::new(*object, look(object))?.take()?;
            }
            // Which of them was abandoned is not reported, as on Windows.
            self.ended = Some(ended(0, abandoned));
        }
        Ok(())
    }
}

impl<'a> Seen<'a> {
    fn new(object: Waitable<'a>, look: Option<&'a Look<'a>>) -> Result<Seen<'a>> {
        match (object, look) {
            (Waitable::Signal(signal), _) => Ok(Seen::Signal(signal)),
            (Waitable::Object(_), Some(look)) => Ok(Seen::Object(look)),
            (Waitable::Object(_), None) => Err(Code::INTERNAL_ERROR),
        }
    }

    /// Returns whether it was abandoned.
    fn take(&self) -> Result<bool> {
        match self {
            Seen::Signal(signal) => {
                signal.take();
                Ok(false)
            }
            Seen::Object(look) => look.take(),
        }
    }
}
