//! Who is said to have a name: whom to believe of them, and how many.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use mailslot_wire::name_service::Holder;

use crate::context::Context;
use crate::counters::Drop;

/// Those of the holders that there can be, each once. 255.255.255.255 and 0.0.0.0 stand for all members of a group, and nothing stands for
/// the one holder of a unique name.
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

/// Does this address of a holder stand for all members of a group?
pub(super) fn means_all(address: Ipv4Addr) -> bool {
    address.is_broadcast() || address.is_unspecified()
}

/// So many of the holders, and no more.
pub(super) fn limited(mut holders: Vec<Holder>, most: usize, context: &mut Context<'_>) -> Vec<Holder> {
    if holders.len() > most {
        context.outbox.counters.drop(Drop::HolderRoom);
        holders.truncate(most);
    }
    holders
}
