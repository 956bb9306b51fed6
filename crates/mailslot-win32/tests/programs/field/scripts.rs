//! The groups of programs, with the scripts of their terminals.

use self::Language::{Both, C, Cpp};
use self::Step::{Closes, Ends, NotUnderWine, Shows, Start, Types};

/// The language of a group's sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    C,
    /// C that a C++ compiler also accepts.
    Both,
    Cpp,
}

/// Programs that work together.
pub struct Group {
    /// Its sources, each of them a program, and their headers.
    pub folder: &'static str,
    pub language: Language,
    /// Whether the sources support `UNICODE`.
    pub wide: bool,
    pub script: &'static [Step],
}

/// A step of a script.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Starts a terminal of this name, with this program and its arguments.
    Start(&'static str, &'static str, &'static [&'static str]),
    /// The terminal shows this; `{}` is any word.
    Shows(&'static str, &'static str),
    /// The user types this.
    Types(&'static str, &'static str),
    /// The program ends with this status, and has shown nothing more.
    Ends(&'static str, i32),
    /// The same for a program without a defined status: 0 here, anything on Windows.
    Closes(&'static str),
    /// Wine differs from Windows from here on.
    NotUnderWine,
}

pub const GROUPS: &[Group] = &[
    Group { folder: "chat", language: Both, wide: true, script: CHAT },
    Group { folder: "inherited", language: Both, wide: true, script: INHERITED },
    Group { folder: "sample", language: Both, wide: true, script: SAMPLE },
    Group { folder: "threads", language: Both, wide: true, script: THREADS },
    Group { folder: "stop", language: C, wide: false, script: STOP },
    Group { folder: "numbers", language: Cpp, wide: true, script: NUMBERS },
    Group { folder: "book", language: Cpp, wide: false, script: BOOK },
    Group { folder: "errors", language: Cpp, wide: true, script: ERRORS },
    Group { folder: "polling", language: Cpp, wide: false, script: POLLING },
    Group { folder: "group", language: Both, wide: true, script: GROUP },
];

/// Prompts and texts without a newline appear at once.
const CHAT: &[Step] = &[
    Start("early", "sender", &[]),
    Shows("early", "No receiver (error 2)\n"),
    Ends("early", 1),
    Start("receiver", "receiver", &[]),
    Shows("receiver", "Receiver is running\n: "),
    Start("sender", "sender", &[]),
    Shows("sender", "Say: "),
    Types("sender", "hello there\r"),
    Shows("sender", "13 characters\nSay: "),
    Shows("receiver", "hello there\n: "),
    Start("second", "sender", &[]),
    Shows("second", "Say: "),
    Types("second", "a line that does not fit in fifty characters, so that it goes in two parts\r"),
    Shows("second", "50 characters\nSay: 27 characters\nSay: "),
    Shows("receiver", "a line that does not fit in fifty characters, so : that it goes in two parts\n: "),
    Types("sender", "exit\r"),
    Shows("sender", "6 characters\nSay: "),
    Shows("receiver", "bye\n"),
    Ends("receiver", 0),
    // On Wine, writes succeed without a server.
    NotUnderWine,
    Types("sender", "is anybody there?\r"),
    Shows("sender", "The receiver has gone.\n"),
    Ends("sender", 0),
    Types("second", "exit\r"),
    Shows("second", "The receiver has gone.\n"),
    Ends("second", 0),
];

/// A handle passes to a child that is started by its Windows name.
const INHERITED: &[Step] = &[
    Start("early", "Parent", &[]),
    Shows("early", "Unable to open the mailslot\n"),
    Ends("early", 1),
    Start("server", "Server", &[]),
    Shows("server", "Mailslot created\n"),
    Start("parent", "Parent", &[]),
    Shows("parent", "The child has written 3 messages\nThe child returned 7\n"),
    Ends("parent", 0),
    Shows("server", "Child: message 1\nChild: message 2\nChild: message 3\nThe parent is done\n"),
    Ends("server", 0),
];

/// Each round makes an event with a name.
const SAMPLE: &[Step] = &[
    Start("server", "server", &[]),
    Shows("server", "The slot is there. Enter looks into it "),
    Start("client", "client", &[]),
    Shows("client", "Slot written to successfully.\nSlot written to successfully.\nSlot written to successfully.\n"),
    Shows("client", "Press Enter to go on... "),
    Types("server", "\r"),
    Shows("server", "In the mailslot: Message one for mailslot.\n(1 of 3)\n\n"),
    Shows("server", "In the mailslot: Message two for mailslot.\n(2 of 3)\n\n"),
    Shows("server", "In the mailslot: \n(3 of 3)\n\n"),
    Types("client", "\r"),
    Shows("client", "Slot written to successfully.\nPress Enter to stop the server... "),
    // It may have arrived while the server looked for more after the third one.
    Shows("server", "In the mailslot: Message three for mailslot.\n({} of {})\n\n"),
    Types("client", "\r"),
    Shows("client", "Slot written to successfully.\n"),
    Ends("client", 1),
    Shows("server", "In the mailslot: stop\n({} of {})\n\n"),
    Ends("server", 0),
];

/// The slot is closed while a thread queries it.
const THREADS: &[Step] = &[
    Start("threads", "threads", &[]),
    Shows("threads", "reader: text no. 0, 0 left\nwriter: it was taken\n"),
    Shows("threads", "reader: text no. 1, 0 left\nwriter: it was taken\n"),
    Shows("threads", "reader: text no. 2, 0 left\nwriter: it was taken\n"),
    Shows("threads", "reader: GetMailslotInfo failed with 6\nreader ended with 6, writer with 0\n"),
    Closes("threads"),
];

/// A message to itself frees a reader.
const STOP: &[Step] = &[
    Start("early", "CLIENT", &["anybody?"]),
    Shows("early", "no server\n"),
    Closes("early"),
    Start("server", "SERVER", &[]),
    Shows("server", "Any key stops the server\n"),
    Start("client", "CLIENT", &["one", "two words"]),
    Shows("client", "one: 3 bytes\ntwo words: 9 bytes\n"),
    Closes("client"),
    Shows("server", "1. one\n2. two words\n"),
    Types("server", "q"),
    Shows("server", "key q\nreader is out\n2 messages\n"),
    Closes("server"),
];

const NUMBERS: &[Step] = &[
    Start("early", "client", &[]),
    Shows("early", "Create file failed.\nThe last error code: 2\n"),
    Ends("early", 1),
    Start("server", "server", &[]),
    Shows("server", "The mailslot is created.\nwaiting ... "),
    Start("second server", "server", &[]),
    Shows("second server", "Create mailslot failed.\nThe last error code: 183\nPress any key to finish."),
    Types("second server", "\r"),
    Ends("second server", 1),
    Start("one", "client", &[]),
    Shows("one", "Input numbers, zero ends the server: "),
    Start("two", "client", &[]),
    Shows("two", "Input numbers, zero ends the server: "),
    Types("one", "12\r"),
    Shows("one", "next: "),
    Shows("server", "got 12 in 4 bytes, the sum is 12\nwaiting ... "),
    Types("two", "-5 30\r"),
    Shows("two", "next: next: "),
    Shows("server", "got -5 in 4 bytes, the sum is 7\nwaiting ... got 30 in 4 bytes, the sum is 37\nwaiting ... "),
    Types("two", "999\r"),
    Ends("two", 0),
    Shows("server", "got 999 in 4 bytes, the sum is 1036\nwaiting ... "),
    Types("one", "0\r"),
    Shows("server", "zero, the end\n"),
    Ends("one", 0),
    Ends("server", 0),
];

/// In C++ as before 1998.
const BOOK: &[Step] = &[
    Start("early", "CLIENT", &[]),
    Shows("early", "Start the server first (error 2)\n"),
    Ends("early", 1),
    Start("server", "SERVER", &[]),
    Shows("server", "largest message 400, waiting 0, read timeout 0\na read at once: 0, error 121\n"),
    Shows("server", "largest message 400, waiting 0, read timeout 3000\nPress Enter once the client has ended: "),
    Start("client", "CLIENT", &[]),
    Shows("client", "How many lines? "),
    Types("client", "2\r"),
    Shows("client", "1> "),
    Types("client", "the first line\r"),
    Shows("client", "2> "),
    Types("client", "\r"),
    Shows("client", "Done\n"),
    Ends("client", 0),
    Types("server", "\r"),
    Shows("server", "largest message 400, waiting 2, read timeout 3000\n(15) the first line\n(1) \n"),
    Ends("server", 0),
];

/// Errors are thrown as texts; an empty message is the last.
const ERRORS: &[Step] = &[
    Start("early", "Client", &[]),
    Shows("early", "CreateFile: there is no such mailslot\n"),
    Ends("early", 1),
    Start("server", "Server", &[]),
    Shows("server", "Server is ready\n"),
    Start("second", "Server", &[]),
    Shows("second", "CreateMailslot: the mailslot exists already\n"),
    Ends("second", 1),
    Start("client", "Client", &[]),
    Shows("client", "Number of messages: "),
    Types("client", "250\r"),
    Shows("client", "Time: {} s\n"),
    Ends("client", 0),
    Shows("server", "Hello from client 1\nHello from client 101\nHello from client 201\n250 messages\nTime: {} s\n"),
    Ends("server", 0),
];

/// Classes, and the computer's name before each message.
const POLLING: &[Step] = &[
    Start("early", "Writer", &[]),
    Shows("early", "Cannot open the slot\n"),
    Ends("early", 1),
    Start("reader", "Reader", &[]),
    Shows("reader", "Reading...\n"),
    Start("second", "Reader", &[]),
    Shows("second", "Cannot create the slot: 183\n"),
    Ends("second", 1),
    Start("writer", "Writer", &[]),
    Shows("writer", "? "),
    Types("writer", "one two\r"),
    Shows("writer", "? ? "),
    Shows("reader", "{}: one\n{}: two\n"),
    Types("writer", "quit\r"),
    Ends("writer", 0),
    Shows("reader", "{}: quit\n3 messages\n"),
    Ends("reader", 0),
];

/// Two threads and a child, which find each other by named objects, and wait for two of them together.
const GROUP: &[Step] = &[
    Start("early", "reader", &["6"]),
    Shows("early", "Start main, not me\n"),
    Ends("early", 1),
    Start("main", "main", &[]),
    Shows("main", "The slot is there\n"),
    Shows("main", "writer 0, no. 0     | 20\nwriter 1, no. 0     | 20\nwriter 0, no. 1     | 20\n"),
    Shows("main", "writer 1, no. 1     | 20\nwriter 0, no. 2     | 20\nwriter 1, no. 2     | 20\n"),
    Shows("main", "Writer 0 ended with 10\nWriter 1 ended with 11\nThe reader ended with 42\n"),
    Ends("main", 0),
];
