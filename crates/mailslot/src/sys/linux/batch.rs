//! Several messages at once to all members of a slot: each member's lock is taken, and its reader woken, once for all of them.

use super::group::{Found, Group, Progress, TAPS_PATIENCE, patience};
use super::ring::layout::record_size;
use crate::error::{Error, Result};
use crate::options::Timeout;

/// The most that a time adds to a record.
const STAMP: u64 = 16;

impl Group {
    /// Writes messages to all members, counts them in `written`, and fails if not all could be.
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
            // One that not all have room for goes by itself, as its write tells who has it, or waits.
            match fitting(&found, rest) {
                0 | 1 => self.write(next.as_ref(), left).map(|()| *written += 1)?,
                some => self.write_run(&found, &rest[..some], left, written)?,
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
        let turns_reader = turn.checked_rem(found.readers.len());
        let patience = patience(timeout);
        // How many each has that lives, and who is to be asked whether it does, as in a write of one message.
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
        let is_due = self.is_due(turn);
        if is_due
            && let Some((member, end)) = whom
            && member.writer.check(end).is_err()
        {
            self.forget();
            has.retain(|(other, _)| other.ring != member.ring && other.writer.check_if_due().is_ok());
        }
        let most = has.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let turns_tap = turn.checked_rem(found.taps.len()).filter(|_| is_due);
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
            // The write of one tells why.
            return self.write(messages[0].as_ref(), timeout).map(|()| *written += 1);
        };
        *written += least;
        // Other writers have taken the room of some: these lack what others have.
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

/// How many of `messages` all readers seem to have room for; none where only a write tells.
fn fitting<M: AsRef<[u8]>>(found: &Found, messages: &[M]) -> usize {
    let (mut room, mut limit) = (u64::MAX, usize::MAX);
    for member in &found.readers {
        let Some(left) = member.writer.room_left() else { return 0 };
        (room, limit) = (room.min(left), limit.min(member.writer.max_message_size()));
    }
    let fits = |message: &&M| {
        let size = message.as_ref().len();
        let left = room.checked_sub(record_size(size as u64) + STAMP);
        room = left.unwrap_or(0);
        left.is_some() && size <= limit
    };
    messages.iter().take_while(fits).count()
}
