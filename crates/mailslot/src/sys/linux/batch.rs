//! Writes several messages at once to all members of a slot: takes each member's lock, and wakes its reader, once for
//! all.

use std::time::Instant;

use super::group::{Found, Group, LOOK_AGAIN, Progress, TAPS_PATIENCE, patience, whose_turn};
use super::preface::STAMP;
use super::ring::layout::record_size;
use crate::error::{Error, Result};
use crate::options::Timeout;

impl Group {
    /// Writes messages to all members, and counts them in `written`. Fails if the first one could not be written. The
    /// others are written only once all members have room for them, as a batch does not report which member has which
    /// message.
    pub(crate) fn write_batch<M: AsRef<[u8]>>(
        &self,
        messages: &[M],
        timeout: Timeout,
        written: &mut usize,
    ) -> Result<()> {
        let deadline = timeout.deadline();
        while let Some(next) = messages.get(*written) {
            let left = timeout.left(deadline);
            let found = self.found()?;
            let rest = &messages[*written..];
            match fitting(&found, rest) {
                Some(0) if *written > 0 => {
                    let time = deadline.map_or(LOOK_AGAIN, |end| end.saturating_duration_since(Instant::now()));
                    if time.is_zero() {
                        return Ok(());
                    }
                    self.wait_for_room(next.as_ref().len(), time.min(LOOK_AGAIN))?;
                }
                None | Some(0) => self.write(next.as_ref(), left).map(|()| *written += 1)?,
                Some(some) => self.write_run(&found, &rest[..some], left, written)?,
            }
        }
        Ok(())
    }

    /// Writes messages for which all members seemed to have room.
    fn write_run<M: AsRef<[u8]>>(
        &self,
        found: &Found,
        messages: &[M],
        timeout: Timeout,
        written: &mut usize,
    ) -> Result<()> {
        let turn = self.turn();
        let turns_reader = whose_turn(turn, &found.readers);
        let patience = patience(timeout);
        // How many messages each living member has, and which member to check for life, as in a write of one message.
        let mut has = Vec::with_capacity(found.readers.len());
        let mut whom = None;
        for (number, member) in found.readers.iter().enumerate() {
            match member.writer.write_batch_unasked(messages, patience) {
                Ok((count, end)) => {
                    if whom.is_none() || Some(number) == turns_reader {
                        whom = Some((member, end));
                    }
                    has.push((member, count));
                }
                Err(Error::Closed) => self.forget(),
                Err(_) => has.push((member, 0)),
            }
        }
        let is_due = whom.is_some() && self.is_due(turn);
        if is_due
            && let Some((member, end)) = whom
            && member.writer.check(end).is_err()
        {
            self.forget();
            has.retain(|(other, _)| other.ring != member.ring && other.writer.check_if_due().is_ok());
        }
        let most = has.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let turns_tap = whose_turn(turn, &found.taps).filter(|_| is_due);
        for (number, tap) in found.taps.iter().enumerate().filter(|_| most > 0) {
            let tapped = tap.writer.write_batch_unasked(&messages[..most], tap.writer.taps_patience(TAPS_PATIENCE));
            let (count, end) = *tapped.as_ref().unwrap_or(&(0, 0));
            if count < most {
                tap.writer.count_missed((most - count) as u32);
            }
            let is_asked = tapped.is_ok() && Some(number) == turns_tap;
            if matches!(tapped, Err(Error::Closed)) || (is_asked && tap.writer.check(end).is_err()) {
                self.forget_tap(tap.ring);
            }
        }
        let Some(least) = has.iter().map(|(_, count)| *count).min().filter(|_| most > 0) else {
            // A write of a single message returns the error.
            return self.write(messages[0].as_ref(), timeout).map(|()| *written += 1);
        };
        *written += least;
        // At some members, other writers have taken the room: write there what these members lack.
        let deadline = timeout.deadline();
        for (number, message) in messages.iter().enumerate().take(most).skip(least) {
            let delivered = has.iter().filter(|(_, count)| *count > number).map(|(member, _)| member.ring).collect();
            let mut progress = Progress { delivered, members: has.len(), tapped: true };
            self.write_more(message.as_ref(), &mut progress, timeout.left(deadline))
                .map_err(|error| progress.end(error))?;
            *written += 1;
        }
        Ok(())
    }
}

/// How many of `messages` all readers seem to have room for; `None` if only a write can tell, or if the first is too
/// large.
fn fitting<M: AsRef<[u8]>>(found: &Found, messages: &[M]) -> Option<usize> {
    let limit = found.readers.iter().map(|member| member.writer.max_message_size()).min()?;
    let size = |message: &M| message.as_ref().len();
    let mut count = messages.iter().take_while(|message| size(message) <= limit).count();
    for member in &found.readers {
        let mut room = member.writer.room_left()?;
        let preface = if member.writer.stamps() { STAMP } else { 0 };
        let fits = |message: &&M| {
            let left = room.checked_sub(record_size((size(message) + preface) as u64));
            room = left.unwrap_or(0);
            left.is_some()
        };
        count = messages[..count].iter().take_while(fits).count();
    }
    if size(messages.first()?) > limit { None } else { Some(count) }
}
