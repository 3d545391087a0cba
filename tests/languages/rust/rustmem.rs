// SPDX-License-Identifier: Apache-2.0
//
// A storage driver in Rust: blobs in a BTreeMap, gone with the process. It shows that the ABI needs no C: built by
// `rustc --crate-type cdylib rustmem.rs` against nothing but abi.rs. A blob's bytes are shared by Arc, so that a reader keeps
// the version that it opened. Any thread. No panic crosses the border: `guarded` makes it a status.
mod abi;

use abi::*;
use std::collections::BTreeMap;
use std::ffi::{c_void, CStr, CString};
use std::os::raw::c_char;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard};

type Name = (CString, CString); // bucket, key: in the order of their bytes

struct Version {
    bytes: Vec<u8>,
    modified_ms: i64,
    etag: CString,
    content_type: Option<CString>,
    metadata: Vec<CString>, // name, value, name, value, …
}

struct Store {
    id: CString,
    wall_ms: unsafe extern "C" fn() -> i64,
    monotonic_ms: unsafe extern "C" fn() -> i64,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    blobs: BTreeMap<Name, Arc<Version>>,
    versions: u64,
}

struct Writer {
    store: *const Store, // outlives its writers
    name: Name,
    flags: u32,
    length: u64,
    bytes: Vec<u8>,
    content_type: Option<CString>,
    metadata: Vec<CString>,
}

type Failure = (Status, &'static str);

/// MGW_HAS: true where the struct's maker knew FIELD.
macro_rules! has {
    ($it:expr, $field:ident) => {
        ptr::addr_of!($it.$field).add(1) as usize - ptr::addr_of!($it) as usize <= $it.size
    };
}

impl Store {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn find(&self, name: &Name) -> Result<Arc<Version>, Failure> {
        self.lock()
            .blobs
            .get(name)
            .cloned()
            .ok_or((NOT_FOUND, "there is no such blob"))
    }
}

// ---- the border ----

/// Runs WORK; its failure, or its panic, becomes a status with a line of text in the call's error slot.
unsafe fn guarded(call: *mut Call, work: impl FnOnce() -> Result<(), Failure>) -> Status {
    let (status, text) = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(())) => return OK,
        Ok(Err(failure)) => failure,
        Err(_) => (IO, "the driver panicked"),
    };
    if let Some(error) = (*call).error.as_mut() {
        for (to, from) in error.text.iter_mut().zip(text.bytes().chain(std::iter::once(0))) {
            *to = from as c_char;
        }
    }
    status
}

unsafe fn text(pointer: *const c_char) -> CString {
    CStr::from_ptr(pointer).to_owned()
}

unsafe fn optional_text(pointer: *const c_char) -> Option<CString> {
    (!pointer.is_null()).then(|| text(pointer))
}

/// The blob's name, where it is one.
unsafe fn name_of(blob: *const Blob) -> Result<Name, Failure> {
    let (bucket, key) = (text((*blob).bucket), text((*blob).key));
    let word = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let named = match bucket.to_bytes() {
        [first, rest @ ..] => word(first) && rest.iter().all(|byte| word(byte) || *byte == b'.' || *byte == b'-'),
        [] => false,
    };
    if !named || !(2..=63).contains(&bucket.to_bytes().len()) {
        return Err((INVALID, "the bucket's name is not [a-z0-9][a-z0-9.-]{1,62}"));
    }
    if !(1..=KEY_MAX).contains(&key.to_bytes().len()) || std::str::from_utf8(key.to_bytes()).is_err() {
        return Err((INVALID, "the key is not 1 to 1,024 bytes of UTF-8"));
    }
    Ok((bucket, key))
}

/// A metadata map: name, value, name, value, …
unsafe fn metadata_of(mut word: *const *const c_char) -> Result<Vec<CString>, Failure> {
    let mut metadata = Vec::new();
    while !word.is_null() && !(*word).is_null() {
        metadata.push(text(*word));
        word = word.add(1);
    }
    let letter = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    let mut names = metadata.iter().step_by(2);
    let bytes: usize = metadata.iter().map(|word| word.to_bytes().len()).sum();
    if bytes > METADATA_MAX || !names.all(|name| !name.to_bytes().is_empty() && name.to_bytes().iter().all(letter)) {
        return Err((
            INVALID,
            "the metadata are not [a-z0-9-]+ names and values of at most 2,048 bytes",
        ));
    }
    Ok(metadata)
}

/// A call that is over changes nothing.
unsafe fn still_wanted(call: *mut Call, store: &Store) -> Result<(), Failure> {
    if ((*call).cancelled)(call) {
        return Err((CANCELLED, "nobody waits for the answer any more"));
    }
    if (*call).deadline_ms != 0 && (store.monotonic_ms)() >= (*call).deadline_ms {
        return Err((TIMEOUT, "the deadline passed"));
    }
    Ok(())
}

/// Memory of the call's own, which the host frees.
unsafe fn allocate<T>(call: *mut Call, count: usize) -> Result<*mut T, Failure> {
    let memory = ((*call).alloc)(call, count * std::mem::size_of::<T>()) as *mut T;
    if memory.is_null() {
        return Err((UNAVAILABLE, "memory is short"));
    }
    Ok(memory)
}

unsafe fn give_text(call: *mut Call, from: &CStr) -> Result<*const c_char, Failure> {
    let bytes = from.to_bytes_with_nul();
    let memory = allocate::<u8>(call, bytes.len())?;
    ptr::copy_nonoverlapping(bytes.as_ptr(), memory, bytes.len());
    Ok(memory as *const c_char)
}

unsafe fn give_stat(call: *mut Call, version: &Version, stat: *mut Stat) -> Result<(), Failure> {
    (*stat).bytes = version.bytes.len() as u64;
    (*stat).modified_ms = version.modified_ms;
    (*stat).etag = give_text(call, &version.etag)?;
    if let (true, Some(content_type)) = (has!(*stat, content_type), &version.content_type) {
        (*stat).content_type = give_text(call, content_type)?;
    }
    if has!(*stat, metadata) && !version.metadata.is_empty() {
        let list = allocate::<*const c_char>(call, version.metadata.len() + 1)?; // zeroed: its NULL is there
        for (i, word) in version.metadata.iter().enumerate() {
            *list.add(i) = give_text(call, word)?;
        }
        (*stat).metadata = list;
    }
    Ok(())
}

// ---- an instance ----

unsafe extern "C" fn create(
    call: *mut Call,
    _: *const c_void,
    host: *const Host,
    instance: *mut *mut c_void,
) -> Status {
    guarded(call, || {
        let mut random = [0u8; 16];
        ((*host).random)(random.as_mut_ptr() as *mut c_void, random.len());
        let id: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let store = Store {
            id: CString::new(id).map_err(|_| (IO, "an id with a NUL"))?,
            wall_ms: (*host).wall_ms,
            monotonic_ms: (*host).monotonic_ms,
            inside: Mutex::default(),
        };
        *instance = Box::into_raw(Box::new(store)) as *mut c_void;
        Ok(())
    })
}

unsafe extern "C" fn destroy(instance: *mut c_void) {
    drop(Box::from_raw(instance as *mut Store));
}

unsafe extern "C" fn describe(call: *mut Call, instance: *mut c_void, limits: *mut Limits) -> Status {
    let store = &*(instance as *const Store);
    guarded(call, || {
        (*limits).capabilities = IF_ABSENT | ORDERED_LIST | VOLATILE;
        (*limits).store_id = give_text(call, &store.id)?;
        Ok(())
    })
}

unsafe extern "C" fn health(_: *mut Call, _: *mut c_void) -> Status {
    OK
}

// ---- writing ----

unsafe extern "C" fn put_begin(
    call: *mut Call,
    instance: *mut c_void,
    blob: *const Blob,
    put: *const Put,
    writer: *mut *mut c_void,
) -> Status {
    guarded(call, || {
        still_wanted(call, &*(instance as *const Store))?;
        let metadata = if has!(*put, metadata) {
            metadata_of((*put).metadata)?
        } else {
            Vec::new()
        };
        *writer = Box::into_raw(Box::new(Writer {
            store: instance as *const Store,
            name: name_of(blob)?,
            flags: (*put).flags,
            length: (*put).length,
            bytes: Vec::new(),
            content_type: if has!(*put, content_type) {
                optional_text((*put).content_type)
            } else {
                None
            },
            metadata,
        })) as *mut c_void;
        Ok(())
    })
}

unsafe extern "C" fn put_write(call: *mut Call, writer: *mut c_void, bytes: *const c_void, length: usize) -> Status {
    let writer = &mut *(writer as *mut Writer);
    guarded(call, || {
        still_wanted(call, &*writer.store)?;
        writer
            .bytes
            .try_reserve(length)
            .map_err(|_| (UNAVAILABLE, "memory is short"))?;
        if length > 0 {
            writer
                .bytes
                .extend_from_slice(std::slice::from_raw_parts(bytes as *const u8, length));
        }
        Ok(())
    })
}

unsafe extern "C" fn put_commit(call: *mut Call, writer: *mut c_void, stat: *mut Stat) -> Status {
    let begun = &mut *(writer as *mut Writer);
    let store = &*begun.store;
    let status = guarded(call, || {
        still_wanted(call, store)?;
        if begun.flags & PUT_LENGTH_KNOWN != 0 && begun.length != begun.bytes.len() as u64 {
            return Err((INVALID, "more or fewer bytes than announced"));
        }
        let mut inside = store.lock();
        if begun.flags & PUT_IF_ABSENT != 0 && inside.blobs.contains_key(&begun.name) {
            return Err((EXISTS, "there is such a blob already"));
        }
        inside.versions += 1;
        let version = Arc::new(Version {
            bytes: std::mem::take(&mut begun.bytes),
            modified_ms: (store.wall_ms)(),
            etag: CString::new(format!("v{}", inside.versions)).map_err(|_| (IO, "an etag with a NUL"))?,
            content_type: begun.content_type.take(),
            metadata: std::mem::take(&mut begun.metadata),
        });
        give_stat(call, &version, stat)?;
        inside.blobs.insert(begun.name.clone(), version);
        Ok(())
    });
    if status == OK {
        drop(Box::from_raw(writer as *mut Writer));
    }
    status
}

unsafe extern "C" fn put_abort(_: *mut Call, writer: *mut c_void) {
    drop(Box::from_raw(writer as *mut Writer));
}

// ---- reading ----

unsafe extern "C" fn open(
    call: *mut Call,
    instance: *mut c_void,
    blob: *const Blob,
    if_etag: *const c_char,
    reader: *mut *mut c_void,
    stat: *mut Stat,
) -> Status {
    let store = &*(instance as *const Store);
    guarded(call, || {
        still_wanted(call, store)?;
        let version = store.find(&name_of(blob)?)?;
        if optional_text(if_etag).map_or(false, |etag| etag != version.etag) {
            return Err((CONFLICT, "the blob has been replaced"));
        }
        give_stat(call, &version, stat)?;
        *reader = Box::into_raw(Box::new(version)) as *mut c_void;
        Ok(())
    })
}

unsafe extern "C" fn read(
    call: *mut Call,
    reader: *mut c_void,
    offset: u64,
    buffer: *mut c_void,
    length: usize,
    got: *mut usize,
) -> Status {
    let version = &*(reader as *const Arc<Version>);
    guarded(call, || {
        let start = usize::try_from(offset).map_err(|_| (RANGE, "behind the end"))?;
        let rest = version.bytes.get(start..).ok_or((RANGE, "behind the end"))?;
        let count = rest.len().min(length);
        ptr::copy_nonoverlapping(rest.as_ptr(), buffer as *mut u8, count);
        *got = count;
        Ok(())
    })
}

unsafe extern "C" fn close(reader: *mut c_void) {
    drop(Box::from_raw(reader as *mut Arc<Version>));
}

unsafe extern "C" fn stat(call: *mut Call, instance: *mut c_void, blob: *const Blob, stat: *mut Stat) -> Status {
    let store = &*(instance as *const Store);
    guarded(call, || {
        still_wanted(call, store)?;
        give_stat(call, &*store.find(&name_of(blob)?)?, stat)
    })
}

unsafe extern "C" fn remove(call: *mut Call, instance: *mut c_void, blob: *const Blob) -> Status {
    let store = &*(instance as *const Store);
    guarded(call, || {
        still_wanted(call, store)?;
        store.lock().blobs.remove(&name_of(blob)?);
        Ok(())
    })
}

/// A cursor is "=" and the last key.
unsafe extern "C" fn list(
    call: *mut Call,
    instance: *mut c_void,
    bucket: *const c_char,
    prefix: *const c_char,
    cursor: *const c_char,
    limit: u32,
    emit: ListEmit,
    ctx: *mut c_void,
) -> Status {
    let store = &*(instance as *const Store);
    guarded(call, || {
        still_wanted(call, store)?;
        let (bucket, prefix, cursor) = (text(bucket), text(prefix), text(cursor));
        let behind = match cursor.to_bytes() {
            b"" => None,
            [b'=', key @ ..] => Some(CString::new(key).map_err(|_| (INVALID, "the cursor is none of this driver's"))?),
            _ => return Err((INVALID, "the cursor is none of this driver's")),
        };
        let start = behind
            .clone()
            .map_or_else(|| prefix.clone(), |key| key.max(prefix.clone()));
        // Taken out of the lock, so that emit may call the driver again.
        let page: Vec<(CString, Arc<Version>)> = store
            .lock()
            .blobs
            .range((bucket.clone(), start)..)
            .take_while(|(name, _)| name.0 == bucket && name.1.to_bytes().starts_with(prefix.to_bytes()))
            .filter(|(name, _)| behind.as_ref() != Some(&name.1))
            .take(limit as usize)
            .map(|(name, version)| (name.1.clone(), version.clone()))
            .collect();
        for (key, version) in page {
            let next = CString::new([b"=", key.to_bytes()].concat()).map_err(|_| (IO, "a key with a NUL"))?;
            let entry = ListEntry {
                size: std::mem::size_of::<ListEntry>(),
                key: key.as_ptr(),
                bytes: version.bytes.len() as u64,
                modified_ms: version.modified_ms,
                etag: version.etag.as_ptr(),
                cursor: next.as_ptr(),
            };
            if !emit(ctx, &entry) {
                break;
            }
        }
        Ok(())
    })
}

// ---- the one symbol ----

static TABLE: StorageDriver = StorageDriver {
    size: std::mem::size_of::<StorageDriver>(),
    create,
    destroy,
    describe,
    put_begin,
    put_write,
    put_prepare: ptr::null(),
    put_commit,
    put_abort,
    open,
    read,
    descriptor: ptr::null(),
    close,
    stat,
    remove,
    list,
    copy: ptr::null(),
    presign: ptr::null(),
    plan: ptr::null(),
    upload_create: ptr::null(),
    upload_part: ptr::null(),
    upload_complete: ptr::null(),
    upload_abort: ptr::null(),
    sweep: ptr::null(),
    health,
    free_bytes: ptr::null(),
    advise: ptr::null(),
};

static PLUGIN: Plugin = Plugin {
    size: std::mem::size_of::<Plugin>(),
    abi_major: ABI_MAJOR,
    kind: KIND_STORAGE,
    name: b"rustmem\0".as_ptr() as *const c_char,
    version: b"1\0".as_ptr() as *const c_char,
    description: b"Keeps blobs in memory, written in Rust, for tests.\0".as_ptr() as *const c_char,
    features: 0,
    features_required: 0,
    thread_model: THREADS_PARALLEL,
    config_stride: 0,
    config: ptr::null(),
    config_count: 0,
    table: &TABLE as *const StorageDriver as *const c_void,
};

#[no_mangle]
pub extern "C" fn mediagw_plugin() -> *const Plugin {
    &PLUGIN
}
