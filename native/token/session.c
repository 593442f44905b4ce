/* Sessions: where an application's operations and searches are, and what ends with them. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static ts_session sessions[TS_SESSIONS_MAX];

ts_session *ts_session_by_handle(CK_SESSION_HANDLE handle) {
  for (size_t i = 0; handle != CK_INVALID_HANDLE && i < TS_SESSIONS_MAX; i++)
    if (sessions[i].handle == handle) return &sessions[i];
  return NULL;
}

CK_RV ts_session_open(ts_slot *slot, bool rw, ts_session **session) {
  ts_session *place = NULL;
  for (size_t i = 0; place == NULL && i < TS_SESSIONS_MAX; i++)
    if (sessions[i].handle == CK_INVALID_HANDLE) place = &sessions[i];
  if (place == NULL) return CKR_SESSION_COUNT;
  if (slot->sessions == 0) {
    CK_RV rv = ts_slot_open(slot);
    if (rv != CKR_OK) return rv;
  }
  memset(place, 0, sizeof *place);
  place->handle = ts_new_handle();
  place->slot = slot;
  place->rw = rw;
  slot->sessions++;
  slot->rw_sessions += rw;
  *session = place;
  return CKR_OK;
}

void ts_operation_end(ts_operation *operation) {
  free(operation->parameter);
  memset(operation, 0, sizeof *operation);
}

void ts_find_end(ts_session *session) {
  free(session->found);
  session->found = NULL;
  session->found_count = session->found_next = 0;
  session->finding = false;
}

static void end_operations(ts_session *session) {
  ts_operation_end(&session->sign);
  ts_operation_end(&session->verify);
  ts_find_end(session);
}

void ts_session_close(ts_session *session) {
  ts_slot *slot = session->slot;
  end_operations(session);
  for (size_t i = 0; i < TS_SESSION_OBJECTS_MAX; i++)
    if (slot->session_objects[i] != NULL && slot->session_objects[i]->session == session->handle)
      ts_slot_drop(slot, slot->session_objects[i]);
  slot->sessions--;
  slot->rw_sessions -= session->rw;
  memset(session, 0, sizeof *session);
  if (slot->sessions == 0) ts_slot_close(slot);
}

void ts_session_close_all(ts_slot *slot) {
  for (size_t i = 0; i < TS_SESSIONS_MAX; i++)
    if (sessions[i].handle != CK_INVALID_HANDLE && sessions[i].slot == slot) ts_session_close(&sessions[i]);
}

void ts_session_end_operations(ts_slot *slot) {
  for (size_t i = 0; i < TS_SESSIONS_MAX; i++)
    if (sessions[i].handle != CK_INVALID_HANDLE && sessions[i].slot == slot) end_operations(&sessions[i]);
}

void ts_session_forget(void) { memset(sessions, 0, sizeof sessions); }
