//! The crate `mailslot` as a system under test.

use mailslot::{Address, Error, Mailslot, MailslotOptions, MailslotWriter, Timeout};

use crate::system::{Client, Code, Info, NO_MESSAGE, Server, System};

/// Local slots through the Rust API.
#[derive(Debug, Default)]
pub struct RustApi;

/// A name parsed by the rules of Win32: the Rust API's short forms would hide errors.
struct Win32Name<'a>(&'a str);

impl TryFrom<Win32Name<'_>> for Address {
    type Error = Error;

    fn try_from(name: Win32Name<'_>) -> Result<Address, Error> {
        Address::parse_win32(name.0)
    }
}

impl System for RustApi {
    fn create(&self, name: &str, max_message_size: u32, read_timeout: u32) -> Result<Box<dyn Server>, Code> {
        MailslotOptions::new()
            .max_message_size(max_message_size)
            .read_timeout(Timeout::from_win32_millis(read_timeout))
            .create(Win32Name(name))
            .map(|slot| Box::new(slot) as Box<dyn Server>)
            .map_err(code)
    }

    fn open(&self, name: &str) -> Result<Box<dyn Client>, Code> {
        MailslotWriter::open(Win32Name(name)).map(|writer| Box::new(writer) as Box<dyn Client>).map_err(code)
    }
}

impl Server for Mailslot {
    fn read(&self, buffer: usize) -> Result<Vec<u8>, Code> {
        let mut bytes = vec![0; buffer];
        let size = Mailslot::read(self, &mut bytes).map_err(code)?;
        bytes.truncate(size);
        Ok(bytes)
    }

    fn info(&self) -> Result<Info, Code> {
        let info = Mailslot::info(self).map_err(code)?;
        Ok(Info {
            max_message_size: info.max_message_size,
            next_size: info.next_size.map_or(NO_MESSAGE, saturated),
            count: saturated(info.count),
            read_timeout: info.read_timeout.to_win32_millis(),
        })
    }

    fn set_read_timeout(&self, millis: u32) -> Result<(), Code> {
        Mailslot::set_read_timeout(self, Timeout::from_win32_millis(millis));
        Ok(())
    }

    fn duplicate(&self) -> Result<Box<dyn Server>, Code> {
        Ok(Box::new(self.clone()))
    }
}

impl Client for MailslotWriter {
    fn write(&self, message: &[u8]) -> Result<usize, Code> {
        MailslotWriter::write(self, message).map(|()| message.len()).map_err(code)
    }
}

fn code(error: Error) -> Code {
    error.win32_code()
}

fn saturated(number: impl TryInto<u32>) -> u32 {
    number.try_into().unwrap_or(u32::MAX)
}
