//! Local slots on Linux. ARCHITECTURE.md shows how the files below work together, and docs/decisions.md why.

mod ring;

mod appearing;
mod batch;
mod bell;
mod client;
mod clock;
mod code;
mod door;
mod fork;
mod friend;
mod group;
mod intake;
mod label;
mod life;
mod lock;
mod members;
mod ownership;
mod peek;
mod preface;
mod private;
mod process;
mod queue;
mod reading;
mod robust;
mod root;
mod server;
mod shm;
mod wait;
mod waiting;

pub use self::group::Progress;
pub(crate) use self::{
    appearing::Appearing, client::Client, code::win32_code, fork::fork_generation, peek::peek, process::computer_name,
    process::has_raised_privileges, process::random, process::secure_env, process::uid as user, reading::Next,
    root::appoint_node, root::directories as slot_directories, root::list, root::own_objects, root::path as root,
    root::status, server::Server,
};
