//! What a node counts.

/// Defines the reasons once, with their number and their names.
macro_rules! reasons {
    ($($(#[$doc:meta])* $reason:ident = $text:literal,)*) => {
        /// Why something was dropped or refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Drop { $($(#[$doc])* $reason,)* }

        impl Drop {
            /// All reasons.
            pub const ALL: &[Drop] = &[$(Drop::$reason),*];

            /// The reason in a few words, as a label: lower case, underscores.
            pub const fn label(self) -> &'static str {
                match self { $(Drop::$reason => $text,)* }
            }
        }
    };
}

reasons! {
    /// A packet that is no packet of its service.
    Malformed = "malformed",
    /// A packet with no known interface.
    UnknownInterface = "unknown_interface",
    /// A packet from one of the node's own addresses, such as its own broadcast, or what a program of this machine cannot say
    /// in place of another node.
    Own = "own",
    /// A packet from an address that no other node can have, such as a broadcast address.
    ImpossibleSource = "impossible_source",
    /// What only a neighbour may say, from another subnet: a claim of a name, an objection to one, a release, a demand, an
    /// answer to a broadcast.
    OtherSubnet = "other_subnet",
    /// A broadcast at a P node, which heeds none.
    Broadcast = "broadcast",
    /// An answer that names no address at which the holder of a unique name can be: 0.0.0.0, an address of this machine, or one
    /// that stands for many nodes.
    ImpossibleHolder = "impossible_holder",
    /// A response to nothing that was asked.
    Unasked = "unasked",
    /// A response from another address than the one asked.
    WrongSource = "wrong_source",
    /// A request that end nodes do not serve, such as one to a name server.
    NotServed = "not_served",
    /// A demand to give up a name, or to forget that another node has one, which the node does not obey.
    Demand = "demand",
    /// An answer that the budget of its source, or of all, does not allow.
    AnswerRate = "answer_rate",
    /// A message beyond the rate of its source, or of all.
    MessageRate = "message_rate",
    /// A node status request from another subnet.
    Remote = "remote",
    /// A datagram for another scope.
    Scope = "scope",
    /// A datagram for a name that the node does not hold.
    NotHere = "not_here",
    /// A datagram that has come before.
    Duplicate = "duplicate",
    /// A datagram that holds no mailslot write.
    NotMailslot = "not_mailslot",
    /// A packet for a distribution server.
    Distribution = "distribution",
    /// A later fragment without a first one, or not the next one.
    OrphanFragment = "orphan_fragment",
    /// A datagram that had to make room for fragments of others, or a fragment for which there is no room.
    FragmentRoom = "fragment_room",
    /// A datagram whose last fragments never came.
    Unfinished = "unfinished",
    /// An event that nobody took in time.
    EventRoom = "event_room",
    /// A packet to send that nobody took in time.
    TransmitRoom = "transmit_room",
    /// Holders of a name beyond those that are remembered of one.
    HolderRoom = "holder_room",
    /// An answer about a name for which the cache has no room.
    CacheRoom = "cache_room",
    /// A request for which there is no room.
    Busy = "busy",
}

impl Drop {
    /// The [`Limits`](crate::limits::Limits) that this may come from, by their names as settings: which one to raise, if what was
    /// dropped was honest. None for what is dropped because of what it is.
    ///
    /// ```
    /// use mailslot_netbios::Drop;
    ///
    /// assert_eq!(Drop::CacheRoom.limits(), ["cached-names"]);
    /// assert!(Drop::Malformed.limits().is_empty());
    /// ```
    pub const fn limits(self) -> &'static [&'static str] {
        match self {
            Drop::AnswerRate => {
                &["answers-per-source", "answers", "answers-reserved", "answers-elsewhere", "rated-sources"]
            }
            Drop::MessageRate => &["messages-per-source", "messages", "rated-sources"],
            Drop::FragmentRoom => &["unfinished", "unfinished-per-source", "unfinished-bytes"],
            Drop::EventRoom => &["events"],
            Drop::TransmitRoom => &["transmits"],
            Drop::HolderRoom => &["holders"],
            Drop::CacheRoom => &["cached-names"],
            Drop::Busy => &["queries", "waiting-messages"],
            _ => &[],
        }
    }
}

/// What a node has counted since it began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets that came in.
    pub packets_received: u64,
    /// Packets that went out.
    pub packets_sent: u64,
    /// Messages handed over for local slots.
    pub messages_received: u64,
    /// Messages sent, one for each destination address.
    pub messages_sent: u64,
    drops: [u64; Drop::ALL.len()],
}

impl Counters {
    /// How much was dropped for this reason.
    pub fn dropped(&self, reason: Drop) -> u64 {
        self.drops[reason as usize]
    }

    /// All reasons with their counts.
    pub fn drops(&self) -> impl Iterator<Item = (Drop, u64)> {
        Drop::ALL.iter().map(|reason| (*reason, self.dropped(*reason)))
    }

    pub(super) fn drop(&mut self, reason: Drop) {
        self.drops[reason as usize] += 1;
    }
}
