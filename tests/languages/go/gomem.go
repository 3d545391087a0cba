// SPDX-License-Identifier: Apache-2.0

// A storage driver in Go: blobs in a map, gone with the process. It shows that the ABI can be met by a language with a
// runtime of its own: built by `go build -buildmode=c-shared`, callbacks exported by cgo, the table in table.c. What C holds
// of Go is a cell with a handle, never a Go pointer. Any thread. A panic becomes MGW_IO.
package main

/*
#include "border.h"
#include <stdlib.h>

typedef const struct mgw_config const_config;
typedef const struct mgw_host const_host;
typedef const struct mgw_blob const_blob;
typedef const struct mgw_put const_put;
typedef const char const_char;
typedef const void const_void;

struct cell {
    uintptr_t handle;
};
*/
import "C"

import (
	"bytes"
	"encoding/hex"
	"runtime/cgo"
	"sort"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
	"unsafe"
)

type name struct{ bucket, key string }

// One blob's bytes and properties; never changed, so that a reader keeps what it opened.
type version struct {
	bytes       []byte
	modifiedMs  int64
	etag        string
	contentType *string
	metadata    []string // name, value, name, value, …
}

type store struct {
	host     *C.const_host
	id       string
	mutex    sync.Mutex
	blobs    map[name]*version
	versions uint64
}

type writer struct {
	store       *store
	name        name
	flags       C.uint32_t
	length      uint64
	bytes       bytes.Buffer
	contentType *string
	metadata    []string
}

type failure struct {
	status C.enum_mgw_status
	text   string
}

// ---- the border ----

func fail(status C.enum_mgw_status, text string) *failure { return &failure{status, text} }

// guarded runs work; its failure, or its panic, becomes a status with a line of text in the call's error slot.
func guarded(call *C.struct_mgw_call, work func() *failure) (status C.enum_mgw_status) {
	failed := func(f *failure) C.enum_mgw_status {
		text := C.CString(f.text)
		defer C.free(unsafe.Pointer(text))
		return C.border_fail(call, f.status, text)
	}
	defer func() {
		if recover() != nil {
			status = failed(fail(C.MGW_IO, "the driver panicked"))
		}
	}()
	if f := work(); f != nil {
		return failed(f)
	}
	return C.MGW_OK
}

func hold(value any) unsafe.Pointer {
	cell := (*C.struct_cell)(C.malloc(C.size_t(unsafe.Sizeof(C.struct_cell{}))))
	cell.handle = C.uintptr_t(cgo.NewHandle(value))
	return unsafe.Pointer(cell)
}

func held(cell unsafe.Pointer) any { return cgo.Handle((*C.struct_cell)(cell).handle).Value() }

func release(cell unsafe.Pointer) {
	cgo.Handle((*C.struct_cell)(cell).handle).Delete()
	C.free(cell)
}

func text(from *C.const_char) string { return C.GoString((*C.char)(from)) }

func optionalText(from *C.const_char) *string {
	if from == nil {
		return nil
	}
	copied := text(from)
	return &copied
}

// give copies TEXT into memory of the call's own, which the host frees.
func give(call *C.struct_mgw_call, text string) *C.const_char {
	memory := C.border_alloc(call, C.size_t(len(text)+1))
	if memory == nil {
		panic("memory is short")
	}
	copy(unsafe.Slice((*byte)(memory), len(text)), text)
	return (*C.const_char)(memory)
}

func giveStat(call *C.struct_mgw_call, from *version, stat *C.struct_mgw_stat) {
	var contentType *C.const_char
	var metadata **C.const_char
	if from.contentType != nil {
		contentType = give(call, *from.contentType)
	}
	if count := len(from.metadata); count > 0 {
		memory := C.border_alloc(call, C.size_t((count+1)*int(unsafe.Sizeof(contentType))))
		if memory == nil {
			panic("memory is short")
		}
		metadata = (**C.const_char)(memory) // zeroed: its NULL is there
		for i, word := range from.metadata {
			unsafe.Slice(metadata, count)[i] = give(call, word)
		}
	}
	stat.bytes = C.uint64_t(len(from.bytes))
	stat.modified_ms = C.int64_t(from.modifiedMs)
	stat.etag = (*C.char)(give(call, from.etag))
	C.border_give(stat, (*C.char)(contentType), (**C.char)(unsafe.Pointer(metadata)))
}

func isWord(b byte) bool { return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' }

func nameOf(blob *C.const_blob) (name, *failure) {
	named := name{text((*C.const_char)(blob.bucket)), text((*C.const_char)(blob.key))}
	good := len(named.bucket) >= 2 && len(named.bucket) <= 63 && isWord(named.bucket[0])
	for _, b := range []byte(named.bucket) {
		good = good && (isWord(b) || b == '.' || b == '-')
	}
	if !good {
		return named, fail(C.MGW_INVALID, "the bucket's name is not [a-z0-9][a-z0-9.-]{1,62}")
	}
	if named.key == "" || len(named.key) > C.MGW_KEY_MAX || !utf8.ValidString(named.key) {
		return named, fail(C.MGW_INVALID, "the key is not 1 to 1,024 bytes of UTF-8")
	}
	return named, nil
}

func metadataOf(map_ **C.char) ([]string, *failure) {
	var words []string
	bytes, good := 0, true
	for i := 0; map_ != nil; i++ {
		word := *(**C.char)(unsafe.Add(unsafe.Pointer(map_), i*int(unsafe.Sizeof(*map_))))
		if word == nil {
			break
		}
		words = append(words, C.GoString(word))
		bytes += len(words[i])
		for _, b := range []byte(words[i]) {
			good = good && (i%2 == 1 || isWord(b) || b == '-')
		}
		good = good && (i%2 == 1 || words[i] != "")
	}
	if !good || bytes > C.MGW_METADATA_MAX {
		return nil, fail(C.MGW_INVALID, "the metadata are not [a-z0-9-]+ names and values of at most 2,048 bytes")
	}
	return words, nil
}

// wanted is nil while somebody waits for the answer: a call that is over changes nothing.
func (s *store) wanted(call *C.struct_mgw_call) *failure {
	if C.border_cancelled(call) {
		return fail(C.MGW_CANCELLED, "nobody waits for the answer any more")
	}
	if call.deadline_ms != 0 && C.border_monotonic_ms(s.host) >= call.deadline_ms {
		return fail(C.MGW_TIMEOUT, "the deadline passed")
	}
	return nil
}

func (s *store) find(call *C.struct_mgw_call, blob *C.const_blob) (*version, *failure) {
	if f := s.wanted(call); f != nil {
		return nil, f
	}
	named, f := nameOf(blob)
	if f != nil {
		return nil, f
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if found := s.blobs[named]; found != nil {
		return found, nil
	}
	return nil, fail(C.MGW_NOT_FOUND, "there is no such blob")
}

// ---- an instance ----

//export gomem_create
func gomem_create(call *C.struct_mgw_call, _ *C.const_config, host *C.const_host, instance *unsafe.Pointer) C.enum_mgw_status {
	return guarded(call, func() *failure {
		var random [16]byte
		C.border_random(host, unsafe.Pointer(&random[0]), C.size_t(len(random)))
		*instance = hold(&store{host: host, id: hex.EncodeToString(random[:]), blobs: map[name]*version{}})
		return nil
	})
}

//export gomem_destroy
func gomem_destroy(instance unsafe.Pointer) { release(instance) }

//export gomem_describe
func gomem_describe(call *C.struct_mgw_call, instance unsafe.Pointer, limits *C.struct_mgw_storage_limits) C.enum_mgw_status {
	return guarded(call, func() *failure {
		limits.capabilities = C.MGW_STORAGE_IF_ABSENT | C.MGW_STORAGE_ORDERED_LIST | C.MGW_STORAGE_VOLATILE
		limits.store_id = (*C.char)(give(call, held(instance).(*store).id))
		return nil
	})
}

//export gomem_health
func gomem_health(call *C.struct_mgw_call, instance unsafe.Pointer) C.enum_mgw_status {
	return C.MGW_OK
}

// ---- writing ----

//export gomem_put_begin
func gomem_put_begin(call *C.struct_mgw_call, instance unsafe.Pointer, blob *C.const_blob, put *C.const_put, begun *unsafe.Pointer) C.enum_mgw_status {
	return guarded(call, func() *failure {
		store := held(instance).(*store)
		if f := store.wanted(call); f != nil {
			return f
		}
		named, f := nameOf(blob)
		if f != nil {
			return f
		}
		metadata, f := metadataOf(C.border_metadata(put))
		if f != nil {
			return f
		}
		*begun = hold(&writer{store: store, name: named, flags: put.flags, length: uint64(put.length),
			contentType: optionalText((*C.const_char)(C.border_content_type(put))), metadata: metadata})
		return nil
	})
}

//export gomem_put_write
func gomem_put_write(call *C.struct_mgw_call, begun unsafe.Pointer, bytes *C.const_void, length C.size_t) C.enum_mgw_status {
	return guarded(call, func() *failure {
		writer := held(begun).(*writer)
		if f := writer.store.wanted(call); f != nil {
			return f
		}
		writer.bytes.Write(unsafe.Slice((*byte)(unsafe.Pointer(bytes)), int(length)))
		return nil
	})
}

//export gomem_put_commit
func gomem_put_commit(call *C.struct_mgw_call, begun unsafe.Pointer, stat *C.struct_mgw_stat) C.enum_mgw_status {
	status := guarded(call, func() *failure {
		writer := held(begun).(*writer)
		store := writer.store
		if f := store.wanted(call); f != nil {
			return f
		}
		if writer.flags&C.MGW_PUT_LENGTH_KNOWN != 0 && writer.length != uint64(writer.bytes.Len()) {
			return fail(C.MGW_INVALID, "more or fewer bytes than announced")
		}
		store.mutex.Lock()
		defer store.mutex.Unlock()
		if writer.flags&C.MGW_PUT_IF_ABSENT != 0 && store.blobs[writer.name] != nil {
			return fail(C.MGW_EXISTS, "there is such a blob already")
		}
		store.versions++
		made := &version{bytes: writer.bytes.Bytes(), modifiedMs: int64(C.border_wall_ms(store.host)),
			etag:        "v" + strconv.FormatUint(store.versions, 10),
			contentType: writer.contentType, metadata: writer.metadata}
		giveStat(call, made, stat)
		store.blobs[writer.name] = made
		return nil
	})
	if status == C.MGW_OK {
		release(begun)
	}
	return status
}

//export gomem_put_abort
func gomem_put_abort(_ *C.struct_mgw_call, begun unsafe.Pointer) { release(begun) }

// ---- reading ----

//export gomem_open
func gomem_open(call *C.struct_mgw_call, instance unsafe.Pointer, blob *C.const_blob, ifEtag *C.const_char, reader *unsafe.Pointer, stat *C.struct_mgw_stat) C.enum_mgw_status {
	return guarded(call, func() *failure {
		found, f := held(instance).(*store).find(call, blob)
		if f != nil {
			return f
		}
		if ifEtag != nil && text(ifEtag) != found.etag {
			return fail(C.MGW_CONFLICT, "the blob has been replaced")
		}
		giveStat(call, found, stat)
		*reader = hold(found)
		return nil
	})
}

//export gomem_read
func gomem_read(call *C.struct_mgw_call, reader unsafe.Pointer, offset C.uint64_t, buffer unsafe.Pointer, length C.size_t, got *C.size_t) C.enum_mgw_status {
	return guarded(call, func() *failure {
		from := held(reader).(*version).bytes
		if uint64(offset) > uint64(len(from)) {
			return fail(C.MGW_RANGE, "behind the end")
		}
		*got = C.size_t(copy(unsafe.Slice((*byte)(buffer), int(length)), from[offset:]))
		return nil
	})
}

//export gomem_close
func gomem_close(reader unsafe.Pointer) { release(reader) }

//export gomem_stat
func gomem_stat(call *C.struct_mgw_call, instance unsafe.Pointer, blob *C.const_blob, stat *C.struct_mgw_stat) C.enum_mgw_status {
	return guarded(call, func() *failure {
		found, f := held(instance).(*store).find(call, blob)
		if f == nil {
			giveStat(call, found, stat)
		}
		return f
	})
}

//export gomem_remove
func gomem_remove(call *C.struct_mgw_call, instance unsafe.Pointer, blob *C.const_blob) C.enum_mgw_status {
	return guarded(call, func() *failure {
		store := held(instance).(*store)
		if f := store.wanted(call); f != nil {
			return f
		}
		named, f := nameOf(blob)
		if f != nil {
			return f
		}
		store.mutex.Lock()
		defer store.mutex.Unlock()
		delete(store.blobs, named)
		return nil
	})
}

// The blobs of BUCKET under PREFIX behind the key LAST, at most LIMIT, by their keys' bytes.
func (s *store) page(bucket, prefix string, last *string, limit int) (keys []string, found []*version) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for named := range s.blobs {
		if named.bucket == bucket && strings.HasPrefix(named.key, prefix) && (last == nil || named.key > *last) {
			keys = append(keys, named.key)
		}
	}
	sort.Strings(keys)
	if len(keys) > limit {
		keys = keys[:limit]
	}
	for _, key := range keys {
		found = append(found, s.blobs[name{bucket, key}])
	}
	return keys, found
}

// A cursor is "=" and the last key.
//
//export gomem_list
func gomem_list(call *C.struct_mgw_call, instance unsafe.Pointer, bucket, prefix, cursor *C.const_char, limit C.uint32_t, emit *C.mgw_list_emit, ctx unsafe.Pointer) C.enum_mgw_status {
	return guarded(call, func() *failure {
		store := held(instance).(*store)
		if f := store.wanted(call); f != nil {
			return f
		}
		var last *string
		if behind := text(cursor); strings.HasPrefix(behind, "=") {
			behind = behind[1:]
			last = &behind
		} else if behind != "" {
			return fail(C.MGW_INVALID, "the cursor is none of this driver's")
		}
		keys, found := store.page(text(bucket), text(prefix), last, int(limit))
		for i, key := range keys {
			if !emitOne(emit, ctx, key, found[i]) {
				break
			}
		}
		return nil
	})
}

// The entry lies in C's memory while it is lent.
func emitOne(emit *C.mgw_list_emit, ctx unsafe.Pointer, key string, found *version) bool {
	entry := (*C.struct_mgw_list_entry)(C.calloc(1, C.size_t(unsafe.Sizeof(C.struct_mgw_list_entry{}))))
	words := [...]*C.char{C.CString("=" + key), C.CString(found.etag)}
	defer func() {
		C.free(unsafe.Pointer(entry))
		C.free(unsafe.Pointer(words[0]))
		C.free(unsafe.Pointer(words[1]))
	}()
	entry.size = C.size_t(unsafe.Sizeof(*entry))
	entry.cursor = words[0]
	entry.key = (*C.char)(unsafe.Add(unsafe.Pointer(words[0]), 1))
	entry.bytes = C.uint64_t(len(found.bytes))
	entry.modified_ms = C.int64_t(found.modifiedMs)
	entry.etag = words[1]
	return bool(C.border_emit(emit, ctx, entry))
}

func main() {}
