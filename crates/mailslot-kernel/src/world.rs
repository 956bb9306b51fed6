//! The threads of the world: who they are, what they wait for, and when they die.

use core::cell::{Cell, RefCell};
use core::time::Duration;
use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use shuttle::rand::RngCore;
use shuttle::thread::Thread;

use crate::event::PollFlags;
use crate::object::Objects;

/// The process of a thread, as the system identifies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Who {
    pub pid: u32,
    pub uid: u32,
}

/// Why a thread waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// A lock.
    Address(usize),
    /// A futex that had this value.
    Futex(usize, u32),
    /// For one of these objects to be ready for one of its events.
    Ready(Vec<(usize, PollFlags)>),
    /// An edge on this instance of an edge-triggered epoll.
    Edge(usize),
    /// [`unpark`], or the end of a thread.
    Unparked,
    /// For all other threads to wait.
    Quiet,
}

struct Waiter {
    wait: Wait,
    deadline: Option<Duration>,
    woken: bool,
    timed_out: bool,
}

/// The state of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Alive,
    /// It dies after this many more points.
    Mortal(u32),
    Dead,
    Ended,
}

struct Task {
    who: Who,
    state: State,
    waiter: Option<Waiter>,
    thread: Thread,
    /// Whether it only serves other threads: the world ends without waiting for it.
    serves: bool,
    /// Unparked before it waited.
    unparked: bool,
    locals: HashMap<usize, Box<dyn Any>>,
}

pub(crate) struct World {
    now: Duration,
    tasks: Vec<Option<Task>>,
    pub(crate) objects: Objects,
    random: u64,
    ticks: u64,
    /// A timer expires early at one of this many points; never if 0.
    haste: u64,
    mail: Mail,
    /// Whether a message is there, whoever wrote it.
    waits: Option<Rc<dyn Fn() -> bool>>,
    trace: Vec<String>,
    steps: u32,
}

/// The scenario's account of its messages and readers.
#[derive(Clone, Copy, Debug, Default)]
struct Mail {
    unread: usize,
    /// Readers inside a call that waits for a message.
    readers: u32,
}

/// More than any scenario takes, unless threads keep each other from going on.
const MOST_STEPS: u32 = 100_000;

/// The longest that a reader may sleep while a message is there, and only if a timer is sure to wake it.
const LOOK_BY_ITSELF: Duration = Duration::from_millis(10);
/// The same while a thread sleeps at a lock: the thread that was woken in its place may have been killed.
const SLICE: Duration = Duration::from_millis(50);

thread_local! {
    static WORLD: RefCell<World> = const {
        RefCell::new(World {
            now: Duration::ZERO,
            tasks: Vec::new(),
            objects: Objects::new(),
            random: 1,
            ticks: 0,
            haste: 0,
            mail: Mail { unread: 0, readers: 0 },
            waits: None,
            trace: Vec::new(),
            steps: 0,
        })
    };
    static UNDISTURBED: Cell<bool> = const { Cell::new(false) };
}

/// The payload of the panic by which a killed thread unwinds.
struct Death;

pub(crate) fn with<R>(act: impl FnOnce(&mut World) -> R) -> R {
    WORLD.with_borrow_mut(act)
}

impl World {
    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    pub(crate) fn who(&self) -> Who {
        self.task(current()).who
    }

    fn task(&self, id: usize) -> &Task {
        self.tasks[id].as_ref().expect("every thread of the world was begun by it")
    }

    fn task_mut(&mut self, id: usize) -> &mut Task {
        self.tasks[id].as_mut().expect("every thread of the world was begun by it")
    }

    /// Marks at most `most` threads as woken whose wait `is` matches. Call [`go_on`] afterwards.
    fn wake(&mut self, most: usize, is: impl Fn(&Wait) -> bool) {
        let waiters = self.tasks.iter_mut().flatten().filter_map(|task| task.waiter.as_mut());
        for waiter in waiters.filter(|waiter| !waiter.woken && is(&waiter.wait)).take(most) {
            waiter.woken = true;
        }
    }

    /// Marks threads as woken that wait for an object which is ready now.
    pub(crate) fn wake_ready(&mut self) {
        let World { tasks, objects, .. } = self;
        for waiter in tasks.iter_mut().flatten().filter_map(|task| task.waiter.as_mut()) {
            waiter.woken |= match &waiter.wait {
                Wait::Ready(objects_and_events) => objects_and_events
                    .iter()
                    .any(|(object, events)| objects.readiness(*object).intersects(*events | ALWAYS)),
                Wait::Edge(instance) => objects.take_edge(*instance),
                Wait::Address(_) | Wait::Futex(..) | Wait::Unparked | Wait::Quiet => false,
            };
        }
    }

    /// Fails if a thread sleeps at a robust lock whose holder is dead. (At a free lock a thread may sleep, for as long
    /// as the engine's slice: the one that was woken in its place gave up or died.)
    fn check_locks(&self) {
        for waiter in self.tasks.iter().flatten().filter_map(|task| task.waiter.as_ref()) {
            let Wait::Futex(address, value) = waiter.wait else { continue };
            if value & system_libc::FUTEX_WAITERS == 0 || waiter.woken {
                continue;
            }
            // SAFETY: a thread waits there, so it is in a mapping, whose memory lives as long as the world.
            let word = unsafe { &*(address as *const core::sync::atomic::AtomicU32) };
            let holder = word.load(core::sync::atomic::Ordering::Relaxed) & system_libc::FUTEX_TID_MASK;
            assert!(holder == 0 || self.exists(holder), "a thread sleeps at a lock whose holder is dead");
        }
    }

    fn is_a_lock_waited_for(&self) -> bool {
        let waits = |wait: &Wait| matches!(wait, Wait::Futex(_, value) if value & system_libc::FUTEX_WAITERS != 0);
        self.tasks.iter().flatten().filter_map(|task| task.waiter.as_ref()).any(|waiter| waits(&waiter.wait))
    }

    fn exists(&self, number: u32) -> bool {
        let mut tasks = self.tasks.iter().enumerate().filter_map(|(id, task)| Some((id, task.as_ref()?)));
        tasks.any(|(id, task)| {
            !matches!(task.state, State::Dead | State::Ended) && (task.who.pid == number || thread_number(id) == number)
        })
    }

    fn wake_who_waits_for_quiet(&mut self) -> bool {
        self.wake(1, |wait| *wait == Wait::Quiet);
        self.can_anybody_go_on()
    }

    fn next_deadline(&self) -> Option<Duration> {
        let waiters = self.tasks.iter().flatten().filter_map(|task| task.waiter.as_ref());
        let limits = waiters.filter(|waiter| !waiter.woken).filter_map(|waiter| waiter.deadline);
        limits.chain(self.objects.next_expiry()).min()
    }

    /// Advances time until the next timer expires. Returns false if there is none.
    fn elapse(&mut self) -> bool {
        let Some(deadline) = self.next_deadline() else { return false };
        self.now = self.now.max(deadline);
        let now = self.now;
        for waiter in self.tasks.iter_mut().flatten().filter_map(|task| task.waiter.as_mut()) {
            if !waiter.woken && waiter.deadline.is_some_and(|deadline| deadline <= now) {
                (waiter.woken, waiter.timed_out) = (true, true);
            }
        }
        self.objects.expire(now);
        self.wake_ready();
        true
    }

    fn is_anybody_left(&self) -> bool {
        self.tasks.iter().flatten().any(|task| !task.serves && task.state != State::Ended)
    }

    fn can_anybody_go_on(&self) -> bool {
        let mut living = self.tasks.iter().flatten().filter(|task| task.state != State::Ended);
        living.any(|task| task.waiter.as_ref().is_none_or(|waiter| waiter.woken))
    }
}

/// The events that `poll` reports without being asked.
const ALWAYS: PollFlags = PollFlags::ERR.union(PollFlags::HUP);

fn current() -> usize {
    shuttle::current::me().into()
}

/// Runs a scenario, whose first thread is one of process `who`, under `schedules` schedules: half of them random, and
/// half by PCT.
pub fn explore(schedules: usize, who: Who, scenario: fn()) {
    // Static variables belong to one world at a time.
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    const SEED: u64 = 0x6d61_696c;
    const CHANGES: usize = 4;
    let _one = ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut config = shuttle::Config::new();
    config.stack_size = 1 << 17;
    config.silence_warnings = true;
    config.max_steps = shuttle::MaxSteps::None;
    let run = move || {
        begin(who);
        scenario();
        end();
    };
    let random = shuttle::scheduler::RandomScheduler::new_from_seed(SEED, schedules / 2);
    shuttle::Runner::new(random, config.clone()).run(run);
    let pct = shuttle::scheduler::PctScheduler::new_from_seed(SEED, CHANGES, schedules - schedules / 2);
    shuttle::Runner::new(pct, config).run(run);
}

/// Begins the world anew, with the running thread as one of process `who`.
fn begin(who: Who) {
    let random = shuttle::rand::thread_rng().next_u64() | 1;
    with(|world| {
        *world = World {
            now: Duration::from_secs(1),
            tasks: Vec::new(),
            objects: Objects::new(),
            random,
            ticks: 0,
            haste: [0, 30, 150][(random >> 33) as usize % 3],
            mail: Mail::default(),
            waits: None,
            trace: Vec::new(),
            steps: 0,
        };
    });
    crate::thread::forget_pending();
    enter(who, State::Alive, false);
}

/// Ends the world, with the threads that only serve others.
fn end() {
    with(|world| {
        for task in world.tasks.iter_mut().flatten().filter(|task| task.serves && task.state == State::Alive) {
            task.state = State::Mortal(0);
            if let Some(waiter) = &mut task.waiter {
                waiter.woken = true;
            }
        }
    });
    go_on();
    let own = current();
    let others = |world: &mut World| {
        let mut others =
            world.tasks.iter().enumerate().filter(|(id, _)| *id != own).filter_map(|(_, task)| task.as_ref());
        others.any(|task| task.state != State::Ended)
    };
    while with(others) {
        block(Wait::Unparked, None);
    }
}

fn enter(who: Who, state: State, serves: bool) {
    let task = Task {
        who,
        state,
        waiter: None,
        serves,
        thread: shuttle::thread::current(),
        unparked: false,
        locals: HashMap::new(),
    };
    let id = current();
    with(|world| {
        if world.tasks.len() <= id {
            world.tasks.resize_with(id + 1, || None);
        }
        world.tasks[id] = Some(task);
    });
}

/// A thread of the world.
pub struct Handle<T> {
    result: std::sync::Arc<std::sync::Mutex<Option<Option<T>>>>,
}

/// Begins a thread of process `who`.
pub fn spawn<T: Send + 'static>(who: Who, act: impl FnOnce() -> T + Send + 'static) -> Handle<T> {
    begin_thread(who, State::Alive, false, act)
}

/// Begins a process of one thread, which is killed after `steps` points.
pub fn spawn_mortal<T: Send + 'static>(who: Who, steps: u32, act: impl FnOnce() -> T + Send + 'static) -> Handle<T> {
    begin_thread(who, State::Mortal(steps), false, act)
}

/// Begins a thread that only serves others, and ends with the world.
pub(crate) fn spawn_helper(who: Who, act: impl FnOnce() + Send + 'static) {
    begin_thread(who, State::Alive, true, act);
}

fn begin_thread<T: Send + 'static>(
    who: Who,
    state: State,
    serves: bool,
    act: impl FnOnce() -> T + Send + 'static,
) -> Handle<T> {
    let result = std::sync::Arc::new(std::sync::Mutex::new(None));
    let place = result.clone();
    // Registered before it first runs: without it, the other threads might be taken for all threads.
    let begun = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let began = begun.clone();
    while_others_run(|| {
        shuttle::thread::spawn(move || {
            enter(who, state, serves);
            began.store(true, std::sync::atomic::Ordering::Relaxed);
            let ended = catch_unwind(AssertUnwindSafe(act));
            let ended = match ended {
                Ok(value) => Some(value),
                Err(reason) if reason.is::<Death>() => None,
                Err(reason) => resume_unwind(reason),
            };
            *place.lock().expect("no thread panics while it holds this") = Some(ended);
            let id = current();
            with(|world| {
                world.task_mut(id).state = State::Ended;
                world.task_mut(id).locals.clear();
                world.wake(usize::MAX, |wait| *wait == Wait::Unparked);
            });
            go_on();
            pass_time_if_nobody_goes_on();
        })
    });
    while !begun.load(std::sync::atomic::Ordering::Relaxed) {
        while_others_run(shuttle::thread::yield_now);
    }
    Handle { result }
}

impl<T> Handle<T> {
    /// Waits for its end. Returns what it returned, or `None` if it was killed.
    pub fn join(self) -> Option<T> {
        loop {
            if let Some(result) = self.result.lock().expect("no thread panics while it holds this").take() {
                return result;
            }
            block(Wait::Unparked, None);
        }
    }

    pub fn is_over(&self) -> bool {
        self.result.lock().expect("no thread panics while it holds this").is_some()
    }
}

/// A thread with no deadline before this counts as asleep for ever.
pub(crate) const FOR_EVER: Duration = Duration::from_secs(10);

/// A point at which other threads may run, timers may expire, and this thread may die. Returns false for a dead thread,
/// which must change nothing.
#[track_caller]
pub fn point() -> bool {
    let place = core::panic::Location::caller();
    let id = current();
    if with(|world| world.task(id).state == State::Dead) {
        return false;
    }
    if UNDISTURBED.get() || std::thread::panicking() {
        return true;
    }
    let hurry = with(|world| world.haste != 0 && world.random().is_multiple_of(world.haste) && world.elapse());
    if hurry {
        go_on();
    }
    while_others_run(shuttle_engine::runtime::thread::switch);
    let steps = with(|world| {
        world.steps += 1;
        world.steps
    });
    note_call(|| place.to_string());
    assert!(steps < MOST_STEPS, "this goes on for ever: {}", describe());
    die_if_due(id);
    true
}

/// Lets shuttle run other threads, each with its own `list_op_pending`.
pub(crate) fn while_others_run<R>(act: impl FnOnce() -> R) -> R {
    assert!(
        !std::thread::panicking(),
        "an unwinding thread must not let others run: they would count as unwinding as well"
    );
    let pending = crate::thread::take_pending();
    let result = act();
    crate::thread::put_pending(pending);
    result
}

fn die_if_due(id: usize) {
    let dies = with(|world| match &mut world.task_mut(id).state {
        State::Mortal(0) => true,
        State::Mortal(steps) => {
            *steps -= 1;
            false
        }
        _ => false,
    });
    if dies {
        let pending = crate::thread::take_pending();
        crate::thread::pass_lock_on(pending, id);
        changed(|world| {
            let pid = world.task(id).who.pid;
            world.objects.close_all(pid);
        });
        with(|world| world.task_mut(id).state = State::Dead);
        resume_unwind(Box::new(Death));
    }
}

/// Kills the running thread.
pub fn die() {
    let id = current();
    with(|world| world.task_mut(id).state = State::Mortal(0));
    die_if_due(id);
}

/// Runs `act` while no other thread runs.
pub fn undisturbed<R>(act: impl FnOnce() -> R) -> R {
    let before = UNDISTURBED.replace(true);
    let result = act();
    UNDISTURBED.set(before);
    result
}

/// Waits until woken. Returns false if `deadline` passed first. No other thread may have run since the caller last
/// looked.
pub fn block(wait: Wait, deadline: Option<Duration>) -> bool {
    let id = current();
    if with(|world| world.task(id).state == State::Dead) || std::thread::panicking() {
        return false;
    }
    assert!(!UNDISTURBED.get(), "a thread waits inside `undisturbed`");
    let pending = crate::thread::take_pending();
    with(|world| {
        let task = world.task_mut(id);
        let woken = wait == Wait::Unparked && core::mem::take(&mut task.unparked);
        task.waiter = Some(Waiter { wait, deadline, woken, timed_out: false });
    });
    let in_time = loop {
        pass_time_if_nobody_goes_on();
        let seen = with(|world| {
            let waiter = world.task(id).waiter.as_ref().expect("set above");
            waiter.woken.then_some(!waiter.timed_out)
        });
        match seen {
            Some(in_time) => break in_time,
            None => shuttle::thread::park(),
        }
    };
    with(|world| world.task_mut(id).waiter = None);
    crate::thread::put_pending(pending);
    die_if_due(id);
    in_time
}

fn pass_time_if_nobody_goes_on() {
    while with(|world| !world.can_anybody_go_on() && world.is_anybody_left()) {
        let (mail, left) =
            with(|world| (world.mail, world.next_deadline().map(|deadline| deadline.saturating_sub(world.now))));
        let waits = with(|world| world.waits.clone()).is_some_and(|waits| undisturbed(|| waits()));
        let forgotten = mail.readers > 0 && (mail.unread > 0 || waits);
        let limit = if with(|world| world.is_a_lock_waited_for()) { SLICE } else { LOOK_BY_ITSELF };
        let will_look = left.is_some_and(|left| left <= limit);
        assert!(
            !forgotten || will_look,
            "{mail:?}: readers sleep, and nothing wakes them for {left:?}: {}",
            describe()
        );
        with(|world| world.check_locks());
        let settled = !forgotten && with(World::wake_who_waits_for_quiet);
        assert!(settled || with(World::elapse), "deadlock, and no timer is set: {}", describe());
        go_on();
    }
}

/// Waits until all other threads wait, and waiting readers have read all that was written.
pub fn settle() {
    block(Wait::Quiet, None);
}

/// Sets `waits`, which returns whether a message is there, without blocking.
pub fn watch(waits: impl Fn() -> bool + 'static) {
    with(|world| world.waits = Some(Rc::new(waits)));
}

/// Sets the number of messages that were written and not yet read.
pub fn unread(count: usize) {
    with(|world| world.mail.unread = count);
}

/// Runs `act` of a reader, which must be woken when a message is there, until `act` ends or the reader dies.
pub fn reading<R>(act: impl FnOnce() -> R) -> R {
    struct Reader;

    impl Drop for Reader {
        fn drop(&mut self) {
            with(|world| world.mail.readers -= 1);
        }
    }

    with(|world| world.mail.readers += 1);
    let _reader = Reader;
    act()
}

/// Notes a call, once a world has run for suspiciously long.
pub(crate) fn note_call(what: impl FnOnce() -> String) {
    if with(|world| world.steps > MOST_STEPS - 400 || std::env::var_os("TRACE").is_some()) {
        note(what);
    }
}

/// Notes what the running thread does, for the report of a failure.
pub fn note(what: impl FnOnce() -> String) {
    let id = current();
    with(|world| {
        let line = format!("{:?} thread {id}: {}", world.now, what());
        world.trace.push(line);
    });
}

/// What each thread waits for, and what was noted.
pub fn describe() -> String {
    with(|world| {
        let tasks = world.tasks.iter().flatten().filter(|task| task.state != State::Ended);
        let waits = tasks.map(|task| format!("{:?} {:?}", task.who, task.waiter.as_ref().map(|waiter| &waiter.wait)));
        let waits = waits.collect::<Vec<_>>().join("; ");
        format!("{waits}\n{}", world.trace.join("\n"))
    })
}

/// Resumes the threads that were woken.
pub(crate) fn go_on() {
    if is_dead() || std::thread::panicking() {
        return;
    }
    let woken: Vec<Thread> = with(|world| {
        let tasks = world.tasks.iter().flatten();
        let woken = tasks.filter(|task| task.waiter.as_ref().is_some_and(|waiter| waiter.woken));
        woken.map(|task| task.thread.clone()).collect()
    });
    while_others_run(|| woken.iter().for_each(Thread::unpark));
}

/// Wakes up to `most` threads that wait at an address.
pub fn wake_address(address: usize, most: usize) {
    with(|world| world.wake(most, |wait| matches!(wait, Wait::Address(at) | Wait::Futex(at, _) if *at == address)));
    go_on();
}

/// The running thread, for [`unpark`].
pub fn me() -> usize {
    current()
}

/// Wakes a thread that waits for [`Wait::Unparked`], now or the next time.
pub fn unpark(id: usize) {
    with(|world| {
        let task = world.task_mut(id);
        match &mut task.waiter {
            Some(waiter) if waiter.wait == Wait::Unparked => waiter.woken = true,
            _ => task.unparked = true,
        }
    });
    go_on();
}

/// Makes a change that threads may wait for, and wakes them.
pub(crate) fn changed<R>(change: impl FnOnce(&mut World) -> R) -> R {
    let result = with(|world| {
        let result = change(world);
        world.wake_ready();
        result
    });
    go_on();
    result
}

pub(crate) fn now_of(world: &World) -> Duration {
    world.now
}

pub fn who() -> Who {
    with(|world| world.who())
}

/// Whether the running thread is dead, and only unwinds.
pub(crate) fn is_dead() -> bool {
    let id = current();
    with(|world| world.tasks.get(id).and_then(Option::as_ref).is_none_or(|task| task.state == State::Dead))
}

pub fn now() -> Duration {
    thread_local! {
        static PASSED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    }
    // An unwinding thread cannot block: the clock runs ahead for it, so that its waits end soon.
    let passed = if std::thread::panicking() { PASSED.get() + Duration::from_secs(1) } else { Duration::ZERO };
    PASSED.set(passed);
    with(|world| world.now) + passed
}

/// Ticks of a clock that advances by `moment` between two calls, or hardly at all.
pub fn ticks(moment: u64) -> u64 {
    with(|world| {
        world.ticks += if world.random().is_multiple_of(4) { moment } else { 1 };
        world.ticks
    })
}

/// A number below `limit`, which the schedule chooses.
pub fn choose(limit: u32) -> u32 {
    with(|world| (world.random() >> 20) as u32 % limit)
}

/// Whether a process, or thread, of this number exists.
pub(crate) fn exists(number: u32) -> bool {
    with(|world| world.exists(number))
}

pub(crate) fn thread_number(id: usize) -> u32 {
    id as u32 + 1000
}

/// The value of the thread-local variable at `key`.
pub(crate) fn local<T: Copy + 'static>(key: usize, first: impl FnOnce() -> T) -> T {
    let id = current();
    with(|world| {
        let value = world.task_mut(id).locals.entry(key).or_insert_with(|| Box::new(first()));
        *value.downcast_ref().expect("a variable has one type")
    })
}

pub(crate) fn set_local<T: 'static>(key: usize, value: T) {
    let id = current();
    with(|world| world.task_mut(id).locals.insert(key, Box::new(value)));
}
