//! Descriptors, as `std::os::fd` has them.

use core::marker::PhantomData;

use crate::object;

pub type RawFd = i32;

/// Closed when it is dropped.
#[derive(Debug)]
pub struct OwnedFd(RawFd);

#[derive(Clone, Copy, Debug)]
pub struct BorrowedFd<'fd>(RawFd, PhantomData<&'fd OwnedFd>);

pub trait AsFd {
    fn as_fd(&self) -> BorrowedFd<'_>;
}

pub trait AsRawFd {
    fn as_raw_fd(&self) -> RawFd;
}

pub trait FromRawFd {
    unsafe fn from_raw_fd(fd: RawFd) -> Self;
}

impl BorrowedFd<'_> {
    pub const unsafe fn borrow_raw(fd: RawFd) -> BorrowedFd<'static> {
        BorrowedFd(fd, PhantomData)
    }
}

impl FromRawFd for OwnedFd {
    unsafe fn from_raw_fd(fd: RawFd) -> OwnedFd {
        OwnedFd(fd)
    }
}

impl Drop for OwnedFd {
    fn drop(&mut self) {
        object::close(self.0);
    }
}

impl AsFd for OwnedFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        BorrowedFd(self.0, PhantomData)
    }
}

impl AsFd for BorrowedFd<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        *self
    }
}

impl<T: AsFd + ?Sized> AsFd for &T {
    fn as_fd(&self) -> BorrowedFd<'_> {
        (**self).as_fd()
    }
}

impl<T: AsFd> AsFd for std::sync::Arc<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        (**self).as_fd()
    }
}

impl AsRawFd for OwnedFd {
    fn as_raw_fd(&self) -> RawFd {
        self.0
    }
}

impl AsRawFd for BorrowedFd<'_> {
    fn as_raw_fd(&self) -> RawFd {
        self.0
    }
}
