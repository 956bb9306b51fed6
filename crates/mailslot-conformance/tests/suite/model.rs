//! A simple model of mailslots within one process, with defects to choose.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use mailslot::{Address, NameError};
use mailslot_conformance::{Client, Code, FOREVER, Info, NO_MESSAGE, NO_WAIT, Server, System, code};

/// A difference of the model from mailslots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    None,
    IsAbsent,
    CutsMessagesToTheBuffer,
    DropsMessagesThatDoNotFit,
    FailsToReadZeroLength,
    CountsToOne,
    IgnoresTheMaximumSize,
    ReadsTheNewestFirst,
    ClientsKeepSlotsAlive,
    WritesToDeadSlotsVanish,
    LetterCaseCounts,
    NeverWaits,
    NeverTimesOut,
    WaitingReadsFollowTheTimeout,
}

/// The living slots: a keeper removes itself when it is dropped.
type Slots = Arc<Mutex<HashMap<String, Weak<Keeper>>>>;

pub struct Model {
    defect: Defect,
    slots: Slots,
}

struct Slot {
    defect: Defect,
    max_message_size: u32,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    // `None` once the slot is gone.
    queue: Option<VecDeque<Vec<u8>>>,
    read_timeout: u32,
}

/// Removes the slot when the last handle that keeps it is dropped.
struct Keeper {
    key: String,
    slots: Slots,
    slot: Arc<Slot>,
}

struct ServerHandle(Arc<Keeper>);

struct ClientHandle {
    slot: Arc<Slot>,
    // Only for the defect that clients keep slots alive.
    _keeper: Option<Arc<Keeper>>,
}

impl Model {
    pub fn new(defect: Defect) -> Model {
        Model { defect, slots: Slots::default() }
    }

    fn key(&self, name: &mailslot::SlotName) -> String {
        let case_counts = self.defect == Defect::LetterCaseCounts;
        if case_counts { name.as_str().to_owned() } else { name.folded().to_owned() }
    }
}

impl System for Model {
    fn create(&self, name: &str, max_message_size: u32, read_timeout: u32) -> Result<Box<dyn Server>, Code> {
        if self.defect == Defect::IsAbsent {
            return Err(50);
        }
        let name = match parse(name) {
            Ok(Address::Local(name)) => name,
            Ok(_) => return Err(code::INVALID_NAME),
            Err(NameError::Empty) => return Err(code::PATH_NOT_FOUND),
            Err(NameError::TooLong { .. }) => return Err(code::FILENAME_EXCED_RANGE),
            Err(NameError::UnknownDevice { .. }) => return Err(code::PATH_NOT_FOUND),
            Err(_) => return Err(code::INVALID_NAME),
        };
        let state = State { queue: Some(VecDeque::new()), read_timeout };
        let slot = Slot { defect: self.defect, max_message_size, state: Mutex::new(state), changed: Condvar::new() };
        let (key, slot) = (self.key(&name), Arc::new(slot));
        let mut slots = lock(&self.slots);
        if slots.contains_key(&key) {
            return Err(code::ALREADY_EXISTS);
        }
        let keeper = Arc::new(Keeper { key: key.clone(), slots: Arc::clone(&self.slots), slot });
        slots.insert(key, Arc::downgrade(&keeper));
        Ok(Box::new(ServerHandle(keeper)))
    }

    fn open(&self, name: &str) -> Result<Box<dyn Client>, Code> {
        let name = match parse(name) {
            Ok(Address::Local(name)) => name,
            Ok(_) => return Err(code::REMOTE_MAILSLOTS_DEPRECATED),
            Err(NameError::Empty | NameError::NoPrefix) => return Err(code::PATH_NOT_FOUND),
            Err(NameError::TooLong { .. }) => return Err(code::FILENAME_EXCED_RANGE),
            Err(NameError::UnknownDevice { .. }) => return Err(code::PATH_NOT_FOUND),
            Err(_) => return Err(code::FILE_NOT_FOUND),
        };
        let keeper = lock(&self.slots).get(&self.key(&name)).and_then(Weak::upgrade).ok_or(code::FILE_NOT_FOUND)?;
        let slot = Arc::clone(&keeper.slot);
        let keeper = (self.defect == Defect::ClientsKeepSlotsAlive).then_some(keeper);
        Ok(Box::new(ClientHandle { slot, _keeper: keeper }))
    }
}

impl Server for ServerHandle {
    fn read(&self, buffer: usize) -> Result<Vec<u8>, Code> {
        let slot = &self.0.slot;
        let mut state = lock(&slot.state);
        let (begin, mut timeout) = (Instant::now(), state.read_timeout);
        loop {
            if slot.defect == Defect::WaitingReadsFollowTheTimeout && timeout != state.read_timeout {
                timeout = state.read_timeout;
                if timeout == NO_WAIT {
                    // Whatever has arrived meanwhile: a reader that was woken late shows the defect as well.
                    return Err(code::SEM_TIMEOUT);
                }
            }
            let queue = state.queue.get_or_insert_default();
            if !queue.is_empty() {
                return slot.take(queue, buffer);
            }
            let limit = match timeout {
                _ if slot.defect == Defect::NeverTimesOut => Duration::MAX,
                NO_WAIT => return Err(code::SEM_TIMEOUT),
                _ if slot.defect == Defect::NeverWaits => return Err(code::SEM_TIMEOUT),
                FOREVER => Duration::MAX,
                millis => Duration::from_millis(millis.into()),
            };
            let left = limit.saturating_sub(begin.elapsed());
            if left.is_zero() {
                return Err(code::SEM_TIMEOUT);
            }
            let nap = left.min(Duration::from_secs(3600));
            state = slot.changed.wait_timeout(state, nap).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn info(&self) -> Result<Info, Code> {
        let slot = &self.0.slot;
        let mut state = lock(&slot.state);
        let read_timeout = state.read_timeout;
        let queue = state.queue.get_or_insert_default();
        let count = if slot.defect == Defect::CountsToOne { queue.len().min(1) } else { queue.len() };
        let next_size = queue.front().map_or(NO_MESSAGE, |message| message.len() as u32);
        Ok(Info { max_message_size: slot.max_message_size, next_size, count: count as u32, read_timeout })
    }

    fn set_read_timeout(&self, millis: u32) -> Result<(), Code> {
        lock(&self.0.slot.state).read_timeout = millis;
        self.0.slot.changed.notify_all();
        Ok(())
    }

    fn duplicate(&self) -> Result<Box<dyn Server>, Code> {
        Ok(Box::new(ServerHandle(Arc::clone(&self.0))))
    }
}

impl Client for ClientHandle {
    fn write(&self, message: &[u8]) -> Result<usize, Code> {
        let slot = &self.slot;
        let mut state = lock(&slot.state);
        let Some(queue) = state.queue.as_mut() else {
            return if slot.defect == Defect::WritesToDeadSlotsVanish {
                Ok(message.len())
            } else {
                Err(code::HANDLE_EOF)
            };
        };
        let limited = slot.max_message_size != 0 && slot.defect != Defect::IgnoresTheMaximumSize;
        if limited && message.len() > slot.max_message_size as usize {
            return Err(code::INVALID_PARAMETER);
        }
        match slot.defect {
            Defect::ReadsTheNewestFirst => queue.push_front(message.to_vec()),
            _ => queue.push_back(message.to_vec()),
        }
        slot.changed.notify_all();
        Ok(message.len())
    }
}

impl Slot {
    fn take(&self, queue: &mut VecDeque<Vec<u8>>, buffer: usize) -> Result<Vec<u8>, Code> {
        let size = queue.front().map_or(0, Vec::len);
        if size == 0 && self.defect == Defect::FailsToReadZeroLength {
            return Err(109);
        }
        if size > buffer && self.defect == Defect::DropsMessagesThatDoNotFit {
            queue.pop_front();
        }
        if size > buffer && self.defect != Defect::CutsMessagesToTheBuffer {
            return Err(code::INSUFFICIENT_BUFFER);
        }
        let mut message = queue.pop_front().unwrap_or_default();
        message.truncate(buffer);
        Ok(message)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        lock(&self.slots).remove(&self.key);
        lock(&self.slot.state).queue = None;
    }
}

fn parse(name: &str) -> Result<Address, NameError> {
    Address::parse_win32(name).map_err(|error| match error {
        mailslot::Error::InvalidName { reason, .. } => reason,
        other => panic!("parsing gave another error: {other}"),
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
