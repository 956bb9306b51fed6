//! Filters the reported holders of a name: which are plausible, and how many are kept.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use mailslot_wire::name_service::Holder;

use crate::context::Context;
use crate::counters::DropReason;

/// The plausible holders, each once. 255.255.255.255 and 0.0.0.0 stand for all members of a group, but no such address
/// can be the holder of a unique name.
pub(super) fn believed(mut holders: Vec<Holder>, context: &Context<'_>) -> Vec<Holder> {
    let network = context.network;
    holders.retain(|holder| match holder.flags.is_group() {
        true => means_all(holder.address) || network.is_of_a_node(holder.address),
        false => network.is_of_another_node(holder.address),
    });
    let mut known = HashSet::new();
    holders.retain(|holder| known.insert(holder.address));
    holders
}

/// Whether a holder's address stands for all members of a group.
pub(super) fn means_all(address: Ipv4Addr) -> bool {
    address.is_broadcast() || address.is_unspecified()
}

/// At most `most` of the holders; the rest are counted as dropped.
pub(super) fn limited(mut holders: Vec<Holder>, most: usize, context: &mut Context<'_>) -> Vec<Holder> {
    if holders.len() > most {
        context.outbox.counters.drop(DropReason::HolderRoom);
        holders.truncate(most);
    }
    holders
}
