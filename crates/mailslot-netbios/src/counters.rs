//! The counters of a node.

/// Defines the reasons once, with their number and their names.
macro_rules! reasons {
    ($($(#[$doc:meta])* $reason:ident = $text:literal,)*) => {
        /// Why something was dropped or refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum DropReason { $($(#[$doc])* $reason,)* }

        impl DropReason {
            /// All reasons.
            pub const ALL: &[DropReason] = &[$(DropReason::$reason),*];

            /// The reason in a few words, as a label: lower case, underscores.
            pub const fn label(self) -> &'static str {
                match self { $(DropReason::$reason => $text,)* }
            }
        }
    };
}

reasons! {
    /// A packet that cannot be parsed as one of its service.
    Malformed = "malformed",
    /// A packet of an unknown interface.
    UnknownInterface = "unknown_interface",
    /// A packet from one of the node's own addresses: its own broadcast, or a claim or objection that only another node
    /// can make.
    Own = "own",
    /// A packet from an address that no other node can have, such as a broadcast address.
    ImpossibleSource = "impossible_source",
    /// A packet from another subnet that counts only from a neighbour: a claim of a name, an objection, a release, a
    /// demand, an answer to a broadcast.
    OtherSubnet = "other_subnet",
    /// A broadcast at a P node, which ignores all broadcasts.
    Broadcast = "broadcast",
    /// An answer without a possible address of the holder of a unique name: only 0.0.0.0, addresses of this machine, or
    /// addresses that stand for many nodes.
    ImpossibleHolder = "impossible_holder",
    /// A response that matches no request.
    Unasked = "unasked",
    /// A response from another address than the one asked.
    WrongSource = "wrong_source",
    /// A request that end nodes do not serve, such as one to a name server.
    NotServed = "not_served",
    /// A demand to give up a name, or a release of another node's name, that the node ignores.
    Demand = "demand",
    /// An answer that the budget of its source, or the total budget, does not allow.
    AnswerRate = "answer_rate",
    /// A message beyond the rate of its source, or the total rate.
    MessageRate = "message_rate",
    /// A node status request, or a query for `*`, from another subnet.
    Remote = "remote",
    /// A datagram for another scope.
    Scope = "scope",
    /// A datagram for a name that the node does not hold.
    NotHere = "not_here",
    /// A copy of a datagram that was received before.
    Duplicate = "duplicate",
    /// A datagram that contains no mailslot write.
    NotMailslot = "not_mailslot",
    /// A packet for a distribution server.
    Distribution = "distribution",
    /// A later fragment without a first one, or out of order.
    OrphanFragment = "orphan_fragment",
    /// An unfinished datagram that was removed to make room, or a fragment for which there is no room.
    FragmentRoom = "fragment_room",
    /// A datagram whose last fragments did not arrive in time.
    Unfinished = "unfinished",
    /// An event for which the queue had no room.
    EventRoom = "event_room",
    /// A packet to send for which the queue had no room.
    TransmitRoom = "transmit_room",
    /// Holders of a name beyond the limit per name.
    HolderRoom = "holder_room",
    /// An answer about a name for which the cache has no room.
    CacheRoom = "cache_room",
    /// A request for which there is no room.
    Busy = "busy",
}

impl DropReason {
    /// The [`Limits`](crate::limits::Limits) that can cause this, by their names as settings: raise one of them if
    /// legitimate traffic was dropped. Empty where no limit is the cause.
    ///
    /// ```
    /// use mailslot_netbios::DropReason;
    ///
    /// assert_eq!(DropReason::CacheRoom.limits(), ["cached-names"]);
    /// assert!(DropReason::Malformed.limits().is_empty());
    /// ```
    pub const fn limits(self) -> &'static [&'static str] {
        match self {
            DropReason::AnswerRate => {
                &["answers-per-source", "answers", "answers-reserved", "answers-elsewhere", "rated-sources"]
            }
            DropReason::MessageRate => &["messages-per-source", "messages", "rated-sources"],
            DropReason::FragmentRoom => &["unfinished", "unfinished-per-source", "unfinished-bytes"],
            DropReason::EventRoom => &["events"],
            DropReason::TransmitRoom => &["transmits"],
            DropReason::HolderRoom => &["holders"],
            DropReason::CacheRoom => &["cached-names"],
            DropReason::Busy => &["queries", "waiting-messages"],
            _ => &[],
        }
    }
}

/// What a node has counted since its creation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets received.
    pub packets_received: u64,
    /// Packets sent.
    pub packets_sent: u64,
    /// Messages received for local slots.
    pub messages_received: u64,
    /// Messages sent, one for each destination address.
    pub messages_sent: u64,
    drops: [u64; DropReason::ALL.len()],
}

impl Counters {
    /// How much was dropped for this reason.
    pub fn dropped(&self, reason: DropReason) -> u64 {
        self.drops[reason as usize]
    }

    /// All reasons with their counts.
    pub fn drops(&self) -> impl Iterator<Item = (DropReason, u64)> {
        DropReason::ALL.iter().map(|reason| (*reason, self.dropped(*reason)))
    }

    pub(super) fn drop(&mut self, reason: DropReason) {
        self.drops[reason as usize] += 1;
    }
}
