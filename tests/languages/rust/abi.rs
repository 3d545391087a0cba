// SPDX-License-Identifier: Apache-2.0
//
// The plugin ABI of mediagw/plugin.h and mediagw/storage.h as Rust sees it: what a storage driver needs. The fields stand in
// the headers' order, and the sizes below are those that the headers' own pins fix for ever.
#![allow(dead_code)]

use std::ffi::c_void;
use std::os::raw::{c_char, c_int};

pub type Status = c_int;
pub const OK: Status = 0;
pub const NOT_FOUND: Status = 1;
pub const EXISTS: Status = 2;
pub const CONFLICT: Status = 3;
pub const INVALID: Status = 6;
pub const RANGE: Status = 7;
pub const UNAVAILABLE: Status = 12;
pub const TIMEOUT: Status = 14;
pub const CANCELLED: Status = 15;
pub const IO: Status = 18;

pub const ABI_MAJOR: u32 = 1;
pub const KIND_STORAGE: u32 = 1;
pub const THREADS_PARALLEL: u32 = 0;
pub const IF_ABSENT: u64 = 1 << 2;
pub const ORDERED_LIST: u64 = 1 << 8;
pub const VOLATILE: u64 = 1 << 11;
pub const KEY_MAX: usize = 1024;
pub const METADATA_MAX: usize = 2048;
pub const PUT_IF_ABSENT: u32 = 1;
pub const PUT_LENGTH_KNOWN: u32 = 2;

#[repr(C)]
pub struct Error {
    pub size: usize,
    pub retry_after_ms: i64,
    pub text: [c_char; 512],
    pub foreign_code: [c_char; 64],
    pub foreign_request_id: [c_char; 128],
}

#[repr(C)]
pub struct Call {
    pub size: usize,
    pub deadline_ms: i64,
    pub request_id: *const c_char,
    pub account: *const c_char,
    pub error: *mut Error,
    pub cancelled: unsafe extern "C" fn(*const Call) -> bool,
    pub alloc: unsafe extern "C" fn(*mut Call, usize) -> *mut c_void,
}

#[repr(C)]
pub struct Host {
    pub size: usize,
    pub abi_major: u32,
    pub reserved: u32,
    pub features: u64,
    pub version: *const c_char,
    pub log: *const c_void, // variadic
    pub random: unsafe extern "C" fn(*mut c_void, usize),
    pub wall_ms: unsafe extern "C" fn() -> i64,
    pub monotonic_ms: unsafe extern "C" fn() -> i64,
}

#[repr(C)]
pub struct Limits {
    pub size: usize,
    pub capabilities: u64,
    pub max_blob_bytes: u64,
    pub max_key_bytes: u32,
    pub reserved: u32,
    pub max_presign_ttl_sec: i64,
    pub store_id: *const c_char,
}

#[repr(C)]
pub struct Blob {
    pub size: usize,
    pub bucket: *const c_char,
    pub key: *const c_char,
}

#[repr(C)]
pub struct Put {
    pub size: usize,
    pub flags: u32,
    pub reserved: u32,
    pub length: u64,
    pub content_type: *const c_char,
    pub metadata: *const *const c_char,
}

#[repr(C)]
pub struct Stat {
    pub size: usize,
    pub bytes: u64,
    pub modified_ms: i64,
    pub etag: *const c_char,
    pub content_type: *const c_char,
    pub metadata: *const *const c_char,
}

#[repr(C)]
pub struct ListEntry {
    pub size: usize,
    pub key: *const c_char,
    pub bytes: u64,
    pub modified_ms: i64,
    pub etag: *const c_char,
    pub cursor: *const c_char,
}
pub type ListEmit = unsafe extern "C" fn(*mut c_void, *const ListEntry) -> bool;

type Absent = *const c_void; // an optional callback that this driver has not: NULL

#[repr(C)]
pub struct StorageDriver {
    pub size: usize,
    pub create: unsafe extern "C" fn(*mut Call, *const c_void, *const Host, *mut *mut c_void) -> Status,
    pub destroy: unsafe extern "C" fn(*mut c_void),
    pub describe: unsafe extern "C" fn(*mut Call, *mut c_void, *mut Limits) -> Status,
    pub put_begin: unsafe extern "C" fn(*mut Call, *mut c_void, *const Blob, *const Put, *mut *mut c_void) -> Status,
    pub put_write: unsafe extern "C" fn(*mut Call, *mut c_void, *const c_void, usize) -> Status,
    pub put_prepare: Absent,
    pub put_commit: unsafe extern "C" fn(*mut Call, *mut c_void, *mut Stat) -> Status,
    pub put_abort: unsafe extern "C" fn(*mut Call, *mut c_void),
    pub open:
        unsafe extern "C" fn(*mut Call, *mut c_void, *const Blob, *const c_char, *mut *mut c_void, *mut Stat) -> Status,
    pub read: unsafe extern "C" fn(*mut Call, *mut c_void, u64, *mut c_void, usize, *mut usize) -> Status,
    pub descriptor: Absent,
    pub close: unsafe extern "C" fn(*mut c_void),
    pub stat: unsafe extern "C" fn(*mut Call, *mut c_void, *const Blob, *mut Stat) -> Status,
    pub remove: unsafe extern "C" fn(*mut Call, *mut c_void, *const Blob) -> Status,
    #[allow(clippy::type_complexity)]
    pub list: unsafe extern "C" fn(
        *mut Call,
        *mut c_void,
        *const c_char,
        *const c_char,
        *const c_char,
        u32,
        ListEmit,
        *mut c_void,
    ) -> Status,
    pub copy: Absent,
    pub presign: Absent,
    pub plan: Absent,
    pub upload_create: Absent,
    pub upload_part: Absent,
    pub upload_complete: Absent,
    pub upload_abort: Absent,
    pub sweep: Absent,
    pub health: unsafe extern "C" fn(*mut Call, *mut c_void) -> Status,
    pub free_bytes: Absent,
    pub advise: Absent,
}

#[repr(C)]
pub struct Plugin {
    pub size: usize,
    pub abi_major: u32,
    pub kind: u32,
    pub name: *const c_char,
    pub version: *const c_char,
    pub description: *const c_char,
    pub features: u64,
    pub features_required: u64,
    pub thread_model: u32,
    pub config_stride: u32,
    pub config: *const c_void,
    pub config_count: usize,
    pub table: *const c_void,
}
unsafe impl Sync for StorageDriver {}
unsafe impl Sync for Plugin {}

macro_rules! spans {
    ($type:ty, $bytes:expr) => {
        const _: () = assert!(std::mem::size_of::<$type>() == $bytes);
    };
}
spans!(Error, 720);
spans!(Call, 56);
spans!(Host, 64);
spans!(Limits, 48);
spans!(Blob, 24);
spans!(Put, 40);
spans!(Stat, 48);
spans!(ListEntry, 48);
spans!(StorageDriver, 216);
spans!(Plugin, 88);
