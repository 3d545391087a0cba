/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin ABI, major 1, as LP64 machines have it: every value and every field's place, written
 * down once. A line here never changes and never goes; what is appended to a struct or an enum gets
 * its line below the struct's others. A build that breaks one would misread binaries that exist. */
#include <mediagw/media.h>

#ifdef __cplusplus
#define PIN(condition) static_assert(condition, #condition)
#else
#define PIN(condition) _Static_assert(condition, #condition)
#endif
#define VALUE(name, number) PIN((name) == (number))
#define AT(type, field, offset) PIN(offsetof(type, field) == (offset))
#define SPAN(type, bytes) PIN(sizeof(type) >= (bytes)) /* of the first release; may grow */

PIN(sizeof(void *) == 8);
VALUE(MGW_OK, 0);
VALUE(MGW_NOT_FOUND, 1);
VALUE(MGW_EXISTS, 2);
VALUE(MGW_CONFLICT, 3);
VALUE(MGW_STALE, 4);
VALUE(MGW_DENIED, 5);
VALUE(MGW_INVALID, 6);
VALUE(MGW_RANGE, 7);
VALUE(MGW_TOO_LARGE, 8);
VALUE(MGW_NO_SPACE, 9);
VALUE(MGW_QUOTA, 10);
VALUE(MGW_BUSY, 11);
VALUE(MGW_UNAVAILABLE, 12);
VALUE(MGW_UNKNOWN_OUTCOME, 13);
VALUE(MGW_TIMEOUT, 14);
VALUE(MGW_CANCELLED, 15);
VALUE(MGW_UNSUPPORTED, 16);
VALUE(MGW_CORRUPT, 17);
VALUE(MGW_IO, 18);
VALUE(MGW_LOG_DEBUG, 1);
VALUE(MGW_LOG_INFO, 2);
VALUE(MGW_LOG_WARN, 3);
VALUE(MGW_LOG_ERROR, 4);
VALUE(MGW_CONFIG_STRING, 1);
VALUE(MGW_CONFIG_SECRET, 2);
VALUE(MGW_CONFIG_PATH, 3);
VALUE(MGW_CONFIG_INT, 4);
VALUE(MGW_CONFIG_SIZE, 5);
VALUE(MGW_CONFIG_DURATION, 6);
VALUE(MGW_CONFIG_BOOL, 7);
VALUE(MGW_CONFIG_ENUM, 8);
VALUE(MGW_CONFIG_LIST, 9);
VALUE(MGW_CONFIG_STORAGE, 10);
VALUE(MGW_KIND_STORAGE, 1);
VALUE(MGW_KIND_REPOSITORY, 2);
VALUE(MGW_KIND_FILTER, 3);
VALUE(MGW_THREADS_PARALLEL, 0);
VALUE(MGW_THREADS_SERIALIZE_INSTANCE, 1);
VALUE(MGW_THREADS_SERIALIZE_PLUGIN, 2);
VALUE(MGW_ABI_MAJOR, 1);
VALUE(MGW_ABSENT, INT64_MIN);
VALUE(MGW_CONFIG_REQUIRED, 1);
VALUE(MGW_CREATE_INIT, 1);
VALUE(MGW_CREATE_MIGRATE, 2);
VALUE(MGW_CREATE_DRY_RUN, 4);

AT(struct mgw_error, size, 0);
AT(struct mgw_error, retry_after_ms, 8);
AT(struct mgw_error, text, 16);
AT(struct mgw_error, foreign_code, 528);
AT(struct mgw_error, foreign_request_id, 592);
SPAN(struct mgw_error, 720);

AT(struct mgw_call, size, 0);
AT(struct mgw_call, deadline_ms, 8);
AT(struct mgw_call, request_id, 16);
AT(struct mgw_call, account, 24);
AT(struct mgw_call, error, 32);
AT(struct mgw_call, cancelled, 40);
AT(struct mgw_call, alloc, 48);
SPAN(struct mgw_call, 56);

AT(struct mgw_host, size, 0);
AT(struct mgw_host, abi_major, 8);
AT(struct mgw_host, reserved, 12);
AT(struct mgw_host, features, 16);
AT(struct mgw_host, version, 24);
AT(struct mgw_host, log, 32);
AT(struct mgw_host, random, 40);
AT(struct mgw_host, wall_ms, 48);
AT(struct mgw_host, monotonic_ms, 56);
SPAN(struct mgw_host, 64);

AT(struct mgw_config_key, size, 0);
AT(struct mgw_config_key, key, 8);
AT(struct mgw_config_key, type, 16);
AT(struct mgw_config_key, flags, 20);
AT(struct mgw_config_key, fallback, 24);
AT(struct mgw_config_key, values, 32);
AT(struct mgw_config_key, min, 40);
AT(struct mgw_config_key, max, 48);
AT(struct mgw_config_key, help, 56);
SPAN(struct mgw_config_key, 64);

AT(struct mgw_config_value, size, 0);
AT(struct mgw_config_value, key, 8);
AT(struct mgw_config_value, type, 16);
AT(struct mgw_config_value, list_count, 20);
AT(struct mgw_config_value, text, 24);
AT(struct mgw_config_value, number, 32);
AT(struct mgw_config_value, list, 40);
AT(struct mgw_config_value, storage, 48);
SPAN(struct mgw_config_value, 56);

AT(struct mgw_config, size, 0);
AT(struct mgw_config, instance, 8);
AT(struct mgw_config, flags, 16);
AT(struct mgw_config, stride, 20);
AT(struct mgw_config, count, 24);
AT(struct mgw_config, values, 32);
SPAN(struct mgw_config, 40);

AT(struct mgw_plugin, size, 0);
AT(struct mgw_plugin, abi_major, 8);
AT(struct mgw_plugin, kind, 12);
AT(struct mgw_plugin, name, 16);
AT(struct mgw_plugin, version, 24);
AT(struct mgw_plugin, description, 32);
AT(struct mgw_plugin, features, 40);
AT(struct mgw_plugin, features_required, 48);
AT(struct mgw_plugin, thread_model, 56);
AT(struct mgw_plugin, config_stride, 60);
AT(struct mgw_plugin, config, 64);
AT(struct mgw_plugin, config_count, 72);
AT(struct mgw_plugin, table, 80);
SPAN(struct mgw_plugin, 88);
VALUE(MGW_STORAGE_LOCAL_FD, 1);
VALUE(MGW_STORAGE_INLINE_READ, 2);
VALUE(MGW_STORAGE_IF_ABSENT, 4);
VALUE(MGW_STORAGE_RESUMABLE, 8);
VALUE(MGW_STORAGE_PRESIGN_GET, 16);
VALUE(MGW_STORAGE_PRESIGN_PUT, 32);
VALUE(MGW_STORAGE_PRESIGN_PART, 64);
VALUE(MGW_STORAGE_SHARED, 128);
VALUE(MGW_STORAGE_ORDERED_LIST, 256);
VALUE(MGW_STORAGE_COPY, 512);
VALUE(MGW_STORAGE_READ_ONLY, 1024);
VALUE(MGW_STORAGE_VOLATILE, 2048);
VALUE(MGW_PRESIGN_GET, 1);
VALUE(MGW_PRESIGN_PUT, 2);
VALUE(MGW_PRESIGN_PART, 3);
VALUE(MGW_KEY_MAX, 1024);
VALUE(MGW_METADATA_MAX, 2048);
VALUE(MGW_UPLOAD_STATE_MAX, 4096);
VALUE(MGW_UPLOAD_RECEIPT_MAX, 256);
VALUE(MGW_PUT_IF_ABSENT, 1);
VALUE(MGW_PUT_LENGTH_KNOWN, 2);

AT(struct mgw_storage_limits, size, 0);
AT(struct mgw_storage_limits, capabilities, 8);
AT(struct mgw_storage_limits, max_blob_bytes, 16);
AT(struct mgw_storage_limits, max_key_bytes, 24);
AT(struct mgw_storage_limits, reserved, 28);
AT(struct mgw_storage_limits, max_presign_ttl_sec, 32);
AT(struct mgw_storage_limits, store_id, 40);
SPAN(struct mgw_storage_limits, 48);
AT(struct mgw_storage_limits, max_metadata_bytes, 48);
AT(struct mgw_storage_limits, reserved2, 52);
AT(struct mgw_storage_limits, layers, 56);

AT(struct mgw_blob, size, 0);
AT(struct mgw_blob, bucket, 8);
AT(struct mgw_blob, key, 16);
SPAN(struct mgw_blob, 24);

AT(struct mgw_put, size, 0);
AT(struct mgw_put, flags, 8);
AT(struct mgw_put, reserved, 12);
AT(struct mgw_put, length, 16);
AT(struct mgw_put, content_type, 24);
AT(struct mgw_put, metadata, 32);
SPAN(struct mgw_put, 40);

AT(struct mgw_stat, size, 0);
AT(struct mgw_stat, bytes, 8);
AT(struct mgw_stat, modified_ms, 16);
AT(struct mgw_stat, etag, 24);
AT(struct mgw_stat, content_type, 32);
AT(struct mgw_stat, metadata, 40);
SPAN(struct mgw_stat, 48);

AT(struct mgw_source, size, 0);
AT(struct mgw_source, length, 8);
AT(struct mgw_source, ctx, 16);
AT(struct mgw_source, read, 24);
SPAN(struct mgw_source, 32);

AT(struct mgw_upload_plan, size, 0);
AT(struct mgw_upload_plan, part_min, 8);
AT(struct mgw_upload_plan, part_max, 16);
AT(struct mgw_upload_plan, part_align, 24);
AT(struct mgw_upload_plan, max_parts, 32);
AT(struct mgw_upload_plan, uniform, 36);
SPAN(struct mgw_upload_plan, 40);

AT(struct mgw_opaque, size, 0);
AT(struct mgw_opaque, bytes, 8);
AT(struct mgw_opaque, length, 16);
AT(struct mgw_opaque, capacity, 24);
SPAN(struct mgw_opaque, 32);

AT(struct mgw_part, size, 0);
AT(struct mgw_part, number, 8);
AT(struct mgw_part, receipt_length, 12);
AT(struct mgw_part, offset, 16);
AT(struct mgw_part, length, 24);
AT(struct mgw_part, receipt, 32);
SPAN(struct mgw_part, 40);

AT(struct mgw_list_entry, size, 0);
AT(struct mgw_list_entry, key, 8);
AT(struct mgw_list_entry, bytes, 16);
AT(struct mgw_list_entry, modified_ms, 24);
AT(struct mgw_list_entry, etag, 32);
AT(struct mgw_list_entry, cursor, 40);
SPAN(struct mgw_list_entry, 48);

AT(struct mgw_presign, size, 0);
AT(struct mgw_presign, op, 8);
AT(struct mgw_presign, part_number, 12);
AT(struct mgw_presign, ttl_sec, 16);
AT(struct mgw_presign, response_content_type, 24);
AT(struct mgw_presign, response_disposition, 32);
AT(struct mgw_presign, length, 40);
AT(struct mgw_presign, content_type, 48);
AT(struct mgw_presign, content_md5, 56);
AT(struct mgw_presign, upload_state, 64);
SPAN(struct mgw_presign, 72);
AT(struct mgw_presign, metadata, 72);

AT(struct mgw_presigned, size, 0);
AT(struct mgw_presigned, method, 8);
AT(struct mgw_presigned, url, 16);
AT(struct mgw_presigned, headers, 24);
AT(struct mgw_presigned, expires_at_ms, 32);
SPAN(struct mgw_presigned, 40);

AT(struct mgw_sweep_result, size, 0);
AT(struct mgw_sweep_result, removed, 8);
AT(struct mgw_sweep_result, removed_bytes, 16);
SPAN(struct mgw_sweep_result, 24);

AT(struct mgw_local_file, size, 0);
AT(struct mgw_local_file, fd, 8);
AT(struct mgw_local_file, reserved, 12);
AT(struct mgw_local_file, offset, 16);
SPAN(struct mgw_local_file, 24);

AT(struct mgw_storage_driver, size, 0);
AT(struct mgw_storage_driver, create, 8);
AT(struct mgw_storage_driver, destroy, 16);
AT(struct mgw_storage_driver, describe, 24);
AT(struct mgw_storage_driver, put_begin, 32);
AT(struct mgw_storage_driver, put_write, 40);
AT(struct mgw_storage_driver, put_prepare, 48);
AT(struct mgw_storage_driver, put_commit, 56);
AT(struct mgw_storage_driver, put_abort, 64);
AT(struct mgw_storage_driver, open, 72);
AT(struct mgw_storage_driver, read, 80);
AT(struct mgw_storage_driver, descriptor, 88);
AT(struct mgw_storage_driver, close, 96);
AT(struct mgw_storage_driver, stat, 104);
AT(struct mgw_storage_driver, remove, 112);
AT(struct mgw_storage_driver, list, 120);
AT(struct mgw_storage_driver, copy, 128);
AT(struct mgw_storage_driver, presign, 136);
AT(struct mgw_storage_driver, plan, 144);
AT(struct mgw_storage_driver, upload_create, 152);
AT(struct mgw_storage_driver, upload_part, 160);
AT(struct mgw_storage_driver, upload_complete, 168);
AT(struct mgw_storage_driver, upload_abort, 176);
AT(struct mgw_storage_driver, sweep, 184);
AT(struct mgw_storage_driver, health, 192);
AT(struct mgw_storage_driver, free_bytes, 200);
SPAN(struct mgw_storage_driver, 208);
AT(struct mgw_storage_driver, advise, 208);

AT(struct mgw_storage, size, 0);
AT(struct mgw_storage, driver, 8);
AT(struct mgw_storage, instance, 16);
SPAN(struct mgw_storage, 24);

AT(struct mgw_filter_driver, size, 0);
AT(struct mgw_filter_driver, create, 8);
AT(struct mgw_filter_driver, storage, 16);
SPAN(struct mgw_filter_driver, 24);
VALUE(MGW_ROW_UPLOADING, 1);
VALUE(MGW_ROW_READY, 2);
VALUE(MGW_ROW_DELETED, 4);
VALUE(MGW_ROW_FAILED, 8);
VALUE(MGW_CHANGE_INSERT_ROW, 1);
VALUE(MGW_CHANGE_UPDATE_ROW, 2);
VALUE(MGW_CHANGE_PUT_RECORD, 3);
VALUE(MGW_CHANGE_DELETE_RECORD, 4);
VALUE(MGW_CHANGE_DELETE_ROW, 5);
VALUE(MGW_CHANGE_IMPORT_ROW, 6);
VALUE(MGW_FIELD_OWNER_EMAIL, 1);
VALUE(MGW_FIELD_MIME_TYPE, 2);
VALUE(MGW_FIELD_SIZE_BYTES, 4);
VALUE(MGW_FIELD_DURATION_MS, 8);
VALUE(MGW_FIELD_KIND, 16);
VALUE(MGW_FIELD_STATUS, 32);
VALUE(MGW_FIELD_SESSION_ID, 64);
VALUE(MGW_FIELD_TAKE_INDEX, 128);
VALUE(MGW_FIELD_CHECKSUM, 256);
VALUE(MGW_FIELD_METADATA, 512);
VALUE(MGW_FIELD_OWNER, 1024);
VALUE(MGW_FIELD_FENCE, 2048);
VALUE(MGW_FIELD_LEASE, 4096);
VALUE(MGW_FIELD_FINGERPRINT, 8192);
VALUE(MGW_REPO_INLINE_READ, 1);
VALUE(MGW_REPO_SHARED, 2);
VALUE(MGW_REPO_VOLATILE, 4);
VALUE(MGW_VERSION_NONE, 0);
VALUE(MGW_VERSION_ANY, -1);

AT(struct mgw_row, size, 0);
AT(struct mgw_row, id, 8);
AT(struct mgw_row, account_id, 16);
AT(struct mgw_row, owner_email, 24);
AT(struct mgw_row, bucket, 32);
AT(struct mgw_row, key, 40);
AT(struct mgw_row, mime_type, 48);
AT(struct mgw_row, size_bytes, 56);
AT(struct mgw_row, duration_ms, 64);
AT(struct mgw_row, kind, 72);
AT(struct mgw_row, status, 80);
AT(struct mgw_row, reserved, 84);
AT(struct mgw_row, session_id, 88);
AT(struct mgw_row, take_index, 96);
AT(struct mgw_row, checksum, 104);
AT(struct mgw_row, metadata, 112);
AT(struct mgw_row, created_at, 120);
AT(struct mgw_row, updated_at, 128);
AT(struct mgw_row, owner, 136);
AT(struct mgw_row, fence, 144);
AT(struct mgw_row, lease_until, 152);
AT(struct mgw_row, fingerprint, 160);
SPAN(struct mgw_row, 168);

AT(struct mgw_row_query, size, 0);
AT(struct mgw_row_query, account_id, 8);
AT(struct mgw_row_query, status, 16);
AT(struct mgw_row_query, limit, 20);
AT(struct mgw_row_query, kind, 24);
AT(struct mgw_row_query, session_id, 32);
AT(struct mgw_row_query, after_created_at, 40);
AT(struct mgw_row_query, after_id, 48);
SPAN(struct mgw_row_query, 56);

AT(struct mgw_known, size, 0);
AT(struct mgw_known, bucket, 8);
AT(struct mgw_known, key, 16);
AT(struct mgw_known, status, 24);
AT(struct mgw_known, reserved, 28);
SPAN(struct mgw_known, 32);

AT(struct mgw_record, size, 0);
AT(struct mgw_record, kind, 8);
AT(struct mgw_record, account, 16);
AT(struct mgw_record, id, 24);
AT(struct mgw_record, text, 32);
AT(struct mgw_record, version, 40);
AT(struct mgw_record, expires_at, 48);
SPAN(struct mgw_record, 56);

AT(struct mgw_change, size, 0);
AT(struct mgw_change, type, 8);
AT(struct mgw_change, set, 12);
AT(struct mgw_change, row, 16);
AT(struct mgw_change, record, 24);
AT(struct mgw_change, expect_status, 32);
AT(struct mgw_change, reserved, 36);
AT(struct mgw_change, expect_fence, 40);
AT(struct mgw_change, lease_ms, 48);
AT(struct mgw_change, expect_version, 56);
AT(struct mgw_change, expire_ms, 64);
AT(struct mgw_change, expect_lease_over, 72);
AT(struct mgw_change, reserved2, 76);
SPAN(struct mgw_change, 80);

AT(struct mgw_change_result, size, 0);
AT(struct mgw_change_result, status, 8);
AT(struct mgw_change_result, reserved, 12);
AT(struct mgw_change_result, created_at, 16);
AT(struct mgw_change_result, updated_at, 24);
AT(struct mgw_change_result, lease_until, 32);
AT(struct mgw_change_result, fence, 40);
AT(struct mgw_change_result, version, 48);
SPAN(struct mgw_change_result, 56);

AT(struct mgw_repo_limits, size, 0);
AT(struct mgw_repo_limits, capabilities, 8);
AT(struct mgw_repo_limits, max_batch, 16);
AT(struct mgw_repo_limits, max_known, 20);
SPAN(struct mgw_repo_limits, 24);

AT(struct mgw_repo_driver, size, 0);
AT(struct mgw_repo_driver, create, 8);
AT(struct mgw_repo_driver, destroy, 16);
AT(struct mgw_repo_driver, describe, 24);
AT(struct mgw_repo_driver, get, 32);
AT(struct mgw_repo_driver, get_by_blob, 40);
AT(struct mgw_repo_driver, list, 48);
AT(struct mgw_repo_driver, scan_due, 56);
AT(struct mgw_repo_driver, which_known, 64);
AT(struct mgw_repo_driver, apply, 72);
AT(struct mgw_repo_driver, get_record, 80);
AT(struct mgw_repo_driver, list_records, 88);
AT(struct mgw_repo_driver, maintain, 96);
AT(struct mgw_repo_driver, health, 104);
AT(struct mgw_repo_driver, now, 112);
SPAN(struct mgw_repo_driver, 120);
AT(struct mgw_repo_driver, scan, 120);

AT(struct mgw_repo, size, 0);
AT(struct mgw_repo, driver, 8);
AT(struct mgw_repo, instance, 16);
SPAN(struct mgw_repo, 24);
VALUE(MGW_MEDIA_INIT, 1);
VALUE(MGW_MEDIA_ROWS_INLINE, 1);
VALUE(MGW_MEDIA_CONTENT_INLINE, 2);
VALUE(MGW_DELIVERY_AUTO, 0);
VALUE(MGW_DELIVERY_PROXY, 1);
VALUE(MGW_DIRECT_PARTS_AUTO, 0);
VALUE(MGW_DIRECT_PARTS_NO, 1);
VALUE(MGW_DIRECT_PARTS_YES, 2);
VALUE(MGW_SCOPE_READ, 1);
VALUE(MGW_SCOPE_WRITE, 2);
VALUE(MGW_SCOPE_ADMIN, 4);

AT(struct mgw_url_key, size, 0);
AT(struct mgw_url_key, id, 8);
AT(struct mgw_url_key, secret, 16);
AT(struct mgw_url_key, secret_length, 24);
AT(struct mgw_url_key, sign, 32);
SPAN(struct mgw_url_key, 40);

AT(struct mgw_media_options, size, 0);
AT(struct mgw_media_options, storage, 8);
AT(struct mgw_media_options, repo, 16);
AT(struct mgw_media_options, default_bucket, 24);
AT(struct mgw_media_options, signed_url_ttl_sec, 32);
AT(struct mgw_media_options, max_signed_url_ttl_sec, 40);
AT(struct mgw_media_options, generate_id, 48);
AT(struct mgw_media_options, generate_id_ctx, 56);
AT(struct mgw_media_options, max_upload_bytes, 64);
AT(struct mgw_media_options, mime_types, 72);
AT(struct mgw_media_options, public_url, 80);
AT(struct mgw_media_options, url_keys, 88);
AT(struct mgw_media_options, url_key_count, 96);
AT(struct mgw_media_options, lease_ms, 104);
AT(struct mgw_media_options, reap_interval_ms, 112);
AT(struct mgw_media_options, idempotency_ttl_ms, 120);
AT(struct mgw_media_options, min_free_bytes, 128);
AT(struct mgw_media_options, node_id, 136);
AT(struct mgw_media_options, log, 144);
AT(struct mgw_media_options, delivery, 152);
AT(struct mgw_media_options, reserved, 156);
AT(struct mgw_media_options, direct_ttl_sec, 160);
AT(struct mgw_media_options, direct_part_from_bytes, 168);
SPAN(struct mgw_media_options, 176);

AT(struct mgw_grant, size, 0);
AT(struct mgw_grant, row, 8);
AT(struct mgw_grant, signed_url, 16);
AT(struct mgw_grant, signed_url_expires_at, 24);
AT(struct mgw_grant, replayed, 32);
SPAN(struct mgw_grant, 40);

AT(struct mgw_recording, size, 0);
AT(struct mgw_recording, mime_type, 8);
AT(struct mgw_recording, duration_ms, 16);
AT(struct mgw_recording, kind, 24);
AT(struct mgw_recording, session_id, 32);
AT(struct mgw_recording, take_index, 40);
AT(struct mgw_recording, owner_email, 48);
AT(struct mgw_recording, metadata, 56);
AT(struct mgw_recording, checksum, 64);
SPAN(struct mgw_recording, 72);

AT(struct mgw_create_options, size, 0);
AT(struct mgw_create_options, bucket, 8);
AT(struct mgw_create_options, idempotency_key, 16);
AT(struct mgw_create_options, length, 24);
AT(struct mgw_create_options, mime_type, 32);
SPAN(struct mgw_create_options, 40);

AT(struct mgw_direct_options, size, 0);
AT(struct mgw_direct_options, bucket, 8);
AT(struct mgw_direct_options, idempotency_key, 16);
AT(struct mgw_direct_options, length, 24);
AT(struct mgw_direct_options, recording, 32);
AT(struct mgw_direct_options, content_md5, 40);
AT(struct mgw_direct_options, parts, 48);
AT(struct mgw_direct_options, reserved, 52);
SPAN(struct mgw_direct_options, 56);

AT(struct mgw_direct_request, size, 0);
AT(struct mgw_direct_request, number, 8);
AT(struct mgw_direct_request, reserved, 12);
AT(struct mgw_direct_request, offset, 16);
AT(struct mgw_direct_request, length, 24);
AT(struct mgw_direct_request, method, 32);
AT(struct mgw_direct_request, url, 40);
AT(struct mgw_direct_request, headers, 48);
SPAN(struct mgw_direct_request, 56);

AT(struct mgw_direct, size, 0);
AT(struct mgw_direct, row, 8);
AT(struct mgw_direct, requests, 16);
AT(struct mgw_direct, count, 24);
AT(struct mgw_direct, stride, 32);
AT(struct mgw_direct, part_bytes, 40);
AT(struct mgw_direct, expires_at, 48);
AT(struct mgw_direct, grant, 56);
AT(struct mgw_direct, replayed, 64);
SPAN(struct mgw_direct, 72);

AT(struct mgw_direct_put_request, size, 0);
AT(struct mgw_direct_put_request, bucket, 8);
AT(struct mgw_direct_put_request, key, 16);
AT(struct mgw_direct_put_request, expires, 24);
AT(struct mgw_direct_put_request, kid, 32);
AT(struct mgw_direct_put_request, length, 40);
AT(struct mgw_direct_put_request, type, 48);
AT(struct mgw_direct_put_request, content_md5, 56);
AT(struct mgw_direct_put_request, sha256, 64);
AT(struct mgw_direct_put_request, sig, 72);
AT(struct mgw_direct_put_request, content_length, 80);
AT(struct mgw_direct_put_request, content_type, 88);
AT(struct mgw_direct_put_request, content_md5_header, 96);
SPAN(struct mgw_direct_put_request, 104);

AT(struct mgw_list_query, size, 0);
AT(struct mgw_list_query, status, 8);
AT(struct mgw_list_query, limit, 12);
AT(struct mgw_list_query, kind, 16);
AT(struct mgw_list_query, session_id, 24);
AT(struct mgw_list_query, cursor, 32);
SPAN(struct mgw_list_query, 40);

AT(struct mgw_content_request, size, 0);
AT(struct mgw_content_request, bucket, 8);
AT(struct mgw_content_request, key, 16);
AT(struct mgw_content_request, expires, 24);
AT(struct mgw_content_request, kid, 32);
AT(struct mgw_content_request, disposition, 40);
AT(struct mgw_content_request, file_name, 48);
AT(struct mgw_content_request, sig, 56);
SPAN(struct mgw_content_request, 64);

AT(struct mgw_content_info, size, 0);
AT(struct mgw_content_info, bytes, 8);
AT(struct mgw_content_info, mime_type, 16);
AT(struct mgw_content_info, checksum, 24);
AT(struct mgw_content_info, etag, 32);
AT(struct mgw_content_info, modified_at, 40);
AT(struct mgw_content_info, expires_at, 48);
AT(struct mgw_content_info, attachment, 56);
AT(struct mgw_content_info, file_name, 64);
SPAN(struct mgw_content_info, 72);

AT(struct mgw_api_key, size, 0);
AT(struct mgw_api_key, id, 8);
AT(struct mgw_api_key, account, 16);
AT(struct mgw_api_key, scopes, 24);
AT(struct mgw_api_key, reserved, 28);
AT(struct mgw_api_key, created_at, 32);
AT(struct mgw_api_key, expires_at, 40);
AT(struct mgw_api_key, revoked_at, 48);
SPAN(struct mgw_api_key, 56);

AT(struct mgw_stuck_call, size, 0);
AT(struct mgw_stuck_call, plugin, 8);
AT(struct mgw_stuck_call, callback, 16);
AT(struct mgw_stuck_call, request_id, 24);
AT(struct mgw_stuck_call, for_ms, 32);
AT(struct mgw_stuck_call, lost, 40);
AT(struct mgw_stuck_call, reserved, 44);
SPAN(struct mgw_stuck_call, 48);
