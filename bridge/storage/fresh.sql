-- migration 0001_initial
-- migration 0002_moderation
-- migration 0003_members
-- migration 0004_reactions
-- migration 0005_messages
-- migration 0006_queue
-- migration 0007_sms
-- migration 0008_parts
-- migration 0009_archive
-- migration 0010_mail
-- migration 0011_bounces
-- migration 0013_many_posts
-- migration 0014_leases
-- migration 0015_namesakes
-- migration 0016_lanes
CREATE TABLE "tortoise_migrations" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "app" VARCHAR(255) NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "applied_at" TIMESTAMP NOT NULL,
    CONSTRAINT "uid_tortoise_mi_app_3803a5" UNIQUE ("app", "name")
);;
CREATE TABLE "adapter_state" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "key" VARCHAR(255) NOT NULL,
    "value" TEXT NOT NULL,
    CONSTRAINT "uid_adapter_sta_account_b8bde6" UNIQUE ("account", "key")
);;
CREATE TABLE "chat" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "chat" VARCHAR(255) NOT NULL,
    "title" VARCHAR(255) NOT NULL,
    CONSTRAINT "uid_chat_account_deb26d" UNIQUE ("account", "chat")
);;
CREATE TABLE "chat_alias" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "old" VARCHAR(255) NOT NULL,
    "new" VARCHAR(255) NOT NULL,
    CONSTRAINT "uid_chat_alias_account_78711e" UNIQUE ("account", "old")
);;
CREATE TABLE "counter" (
    "name" VARCHAR(128) NOT NULL  PRIMARY KEY,
    "value" BIGINT NOT NULL
);;
CREATE TABLE "handle" (
    "token" VARCHAR(64) NOT NULL  PRIMARY KEY,
    "subject" VARCHAR(16) NOT NULL,
    "subject_id" BIGINT NOT NULL,
    "revision" INT NOT NULL,
    "action" VARCHAR(64) NOT NULL,
    "argument" VARCHAR(64) NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    CONSTRAINT "uid_handle_subject_df0f1b" UNIQUE ("subject", "subject_id", "revision", "action", "argument")
);;
CREATE TABLE "inbox" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "chat" VARCHAR(255) NOT NULL,
    "key" VARCHAR(255) NOT NULL,
    "event" TEXT NOT NULL,
    "raw_json" TEXT NOT NULL,
    "received_at" TIMESTAMP NOT NULL,
    "state" VARCHAR(16) NOT NULL  /* NEW: new\nDONE: done\nPARKED: parked */,
    "attempts" INT NOT NULL,
    "due_at" TIMESTAMP NOT NULL,
    "note" TEXT NOT NULL,
    CONSTRAINT "uid_inbox_account_4c8143" UNIQUE ("account", "key")
);;
CREATE INDEX "idx_inbox_state_c32f16" ON "inbox" ("state", "id");;
CREATE TABLE "meta" (
    "key" VARCHAR(128) NOT NULL  PRIMARY KEY,
    "value" TEXT NOT NULL
);;
CREATE TABLE "person" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "language" VARCHAR(16) NOT NULL,
    "created_at" TIMESTAMP NOT NULL
, "erased_at" TIMESTAMP, "languages" TEXT NOT NULL DEFAULT '{}');;
CREATE TABLE "identity" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "user" VARCHAR(255) NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "handle" VARCHAR(255) NOT NULL,
    "direct_chat" VARCHAR(255) NOT NULL,
    "direct_open" INT NOT NULL,
    "community" VARCHAR(64) NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    "person_id" BIGINT NOT NULL REFERENCES "person" ("id") ON DELETE CASCADE, "stopped_at" TIMESTAMP, "verified" VARCHAR(16) NOT NULL DEFAULT 'platform', "verified_at" TIMESTAMP, "unreachable_at" TIMESTAMP, "counted_from" TIMESTAMP, "warned_at" TIMESTAMP, "called" VARCHAR(255) NOT NULL DEFAULT '',
    CONSTRAINT "uid_identity_account_1082aa" UNIQUE ("account", "user")
);;
CREATE TABLE "conversation" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "kind" VARCHAR(64) NOT NULL,
    "community" VARCHAR(64) NOT NULL,
    "state" VARCHAR(16) NOT NULL  /* OPEN: open\nPAUSED: paused\nDONE: done */,
    "step" VARCHAR(64) NOT NULL,
    "answers" TEXT NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "identity_id" BIGINT NOT NULL REFERENCES "identity" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_conversatio_identit_1a0be2" UNIQUE ("identity_id", "kind")
);;
CREATE TABLE "profile" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "version" INT NOT NULL,
    "answers" TEXT NOT NULL,
    "shown" INT NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    "person_id" BIGINT NOT NULL REFERENCES "person" ("id") ON DELETE CASCADE, "biography" TEXT NOT NULL DEFAULT '', "community" VARCHAR(64) NOT NULL DEFAULT '', "decided_at" TIMESTAMP, "decided_by" VARCHAR(255) NOT NULL DEFAULT '', "hidden" TEXT NOT NULL DEFAULT '[]', "state" VARCHAR(16) NOT NULL  /* PENDING: pending\nAPPROVED: approved\nDECLINED: declined\nREPLACED: replaced */ DEFAULT 'approved', "called" VARCHAR(255) NOT NULL DEFAULT '',
    CONSTRAINT "uid_profile_person__d7c187" UNIQUE ("person_id", "version")
);;
CREATE TABLE "submission" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "community" VARCHAR(64) NOT NULL,
    "number" BIGINT NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "chat" VARCHAR(255) NOT NULL,
    "message" VARCHAR(255) NOT NULL,
    "private" INT NOT NULL,
    "intake" VARCHAR(16) NOT NULL,
    "album" VARCHAR(255) NOT NULL,
    "reply_post_id" BIGINT,
    "reply_excerpt" TEXT NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    "identity_id" BIGINT NOT NULL REFERENCES "identity" ("id") ON DELETE CASCADE, "origin_post_id" BIGINT, "reply_place" VARCHAR(255) NOT NULL DEFAULT '', "cut" TEXT NOT NULL DEFAULT '',
    CONSTRAINT "uid_submission_communi_b9f2b5" UNIQUE ("community", "number")
);;
CREATE INDEX "idx_submission_account_3897cd" ON "submission" ("account", "chat", "album");;
CREATE INDEX "idx_submission_identit_ce010e" ON "submission" ("identity_id", "id");;
CREATE TABLE "post" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "community" VARCHAR(64) NOT NULL,
    "number" BIGINT NOT NULL,
    "revision" INT NOT NULL,
    "author" VARCHAR(255) NOT NULL,
    "text" TEXT NOT NULL,
    "attachments" TEXT NOT NULL,
    "uncarried" TEXT NOT NULL,
    "card" TEXT NOT NULL,
    "reply_post_id" BIGINT,
    "state" VARCHAR(16) NOT NULL  /* LIVE: live\nRETRACTED: retracted */,
    "approved_at" TIMESTAMP NOT NULL,
    "submission_id" BIGINT NOT NULL UNIQUE REFERENCES "submission" ("id") ON DELETE CASCADE, "corrected_at" TIMESTAMP, "headline" VARCHAR(255) NOT NULL DEFAULT '', "notes" TEXT NOT NULL DEFAULT '{}', "origin" TEXT NOT NULL DEFAULT '{}', "publish_at" TIMESTAMP, "retracted_at" TIMESTAMP, "retracted_name" VARCHAR(255) NOT NULL DEFAULT '', "short" TEXT NOT NULL DEFAULT '', "targets" TEXT NOT NULL DEFAULT '[]', "theme_id" BIGINT, "theme_number" BIGINT, "thread_id" BIGINT, "thread_number" BIGINT NOT NULL DEFAULT 1, "translations" TEXT NOT NULL DEFAULT '{}', "feed_number" BIGINT, "previews" INT NOT NULL DEFAULT 0, "reply_place" VARCHAR(255) NOT NULL DEFAULT '',
    CONSTRAINT "uid_post_communi_6ed324" UNIQUE ("community", "number")
);;
CREATE TABLE "review" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "kind" VARCHAR(16) NOT NULL,
    "community" VARCHAR(64) NOT NULL,
    "revision" INT NOT NULL,
    "state" VARCHAR(16) NOT NULL  /* HELD: held\nAPPROVED: approved\nREJECTED: rejected\nWITHDRAWN: withdrawn\nLAPSED: lapsed\nMERGED: merged */,
    "reasons" TEXT NOT NULL,
    "decided_by" VARCHAR(255) NOT NULL,
    "decided_name" VARCHAR(255) NOT NULL,
    "decided_at" TIMESTAMP,
    "reason" VARCHAR(64) NOT NULL,
    "words" TEXT NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    "submission_id" BIGINT NOT NULL REFERENCES "submission" ("id") ON DELETE CASCADE
, "about_review" BIGINT, "approvals" INT NOT NULL DEFAULT 1, "claimed_at" TIMESTAMP, "claimed_by" VARCHAR(255) NOT NULL DEFAULT '', "claimed_name" VARCHAR(255) NOT NULL DEFAULT '', "consent" VARCHAR(16) NOT NULL DEFAULT '', "crossed" TEXT NOT NULL DEFAULT '[]', "escalated_at" TIMESTAMP, "escalated_name" VARCHAR(255) NOT NULL DEFAULT '', "headline" VARCHAR(255) NOT NULL DEFAULT '', "lapses_from" TIMESTAMP, "merged_into" BIGINT, "short" TEXT NOT NULL DEFAULT '', "short_revision" INT NOT NULL DEFAULT 0, "targets" TEXT NOT NULL DEFAULT '[]', "theme_id" BIGINT, "previews" INT NOT NULL DEFAULT 0);;
CREATE INDEX "idx_review_state_84c888" ON "review" ("state", "community", "id");;
CREATE TABLE "delivery" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "kind" VARCHAR(16) NOT NULL,
    "community" VARCHAR(64) NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "chat" VARCHAR(255) NOT NULL,
    "part" INT NOT NULL,
    "operation" VARCHAR(16) NOT NULL,
    "revision" INT NOT NULL,
    "state" VARCHAR(16) NOT NULL  /* PLANNED: planned\nATTEMPTING: attempting\nDELIVERED: delivered\nREFUSED: refused\nIN_DOUBT: in_doubt\nUNCERTAIN: uncertain\nCANCELLED: cancelled */,
    "due_at" TIMESTAMP NOT NULL,
    "expires_at" TIMESTAMP,
    "waits_for" BIGINT,
    "target_id" BIGINT,
    "target_chat" VARCHAR(255) NOT NULL,
    "target_message" VARCHAR(255) NOT NULL,
    "content" TEXT NOT NULL,
    "payload" TEXT NOT NULL,
    "attempts" INT NOT NULL,
    "doubted" INT NOT NULL,
    "first_attempt_at" TIMESTAMP,
    "attempted_at" TIMESTAMP,
    "view" VARCHAR(64) NOT NULL,
    "remote_chat" VARCHAR(255) NOT NULL,
    "message" VARCHAR(255) NOT NULL,
    "reason" VARCHAR(64) NOT NULL,
    "detail" TEXT NOT NULL,
    "planned_at" TIMESTAMP NOT NULL,
    "done_at" TIMESTAMP,
    "post_id" BIGINT REFERENCES "post" ("id") ON DELETE CASCADE,
    "review_id" BIGINT REFERENCES "review" ("id") ON DELETE CASCADE
, "shows" VARCHAR(64) NOT NULL DEFAULT '', "application_id" BIGINT, "person_id" BIGINT, "item" INT NOT NULL DEFAULT 0);;
CREATE INDEX "idx_delivery_state_d1a1b9" ON "delivery" ("state", "account", "chat", "id");;
CREATE INDEX "idx_delivery_waits_f_fbc53c" ON "delivery" ("waits_for");;
CREATE INDEX "idx_delivery_post_id_00e5cc" ON "delivery" ("post_id", "account", "chat");;
CREATE INDEX "idx_delivery_review__13b061" ON "delivery" ("review_id", "account", "chat");;
CREATE INDEX "idx_delivery_account_4aebd4" ON "delivery" ("account", "remote_chat", "message");;
CREATE INDEX "idx_delivery_account_14fd92" ON "delivery" ("account", "attempted_at");;
CREATE TABLE "query" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "question" TEXT NOT NULL,
    "answer" TEXT NOT NULL,
    "asked_by" VARCHAR(255) NOT NULL,
    "asked_name" VARCHAR(255) NOT NULL,
    "asked_at" TIMESTAMP NOT NULL,
    "answered_at" TIMESTAMP,
    "closed" INT NOT NULL,
    "review_id" BIGINT NOT NULL REFERENCES "review" ("id") ON DELETE CASCADE
, "escalated_at" TIMESTAMP, "kind" VARCHAR(16) NOT NULL DEFAULT 'question', "reminded_at" TIMESTAMP, "revision" INT NOT NULL DEFAULT 0, "wording" TEXT NOT NULL DEFAULT '');;
CREATE INDEX "idx_query_review__617cd4" ON "query" ("review_id", "id");;
CREATE TABLE "revision" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "number" INT NOT NULL,
    "text" TEXT NOT NULL,
    "attachments" TEXT NOT NULL,
    "uncarried" TEXT NOT NULL,
    "editor" VARCHAR(255) NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    "submission_id" BIGINT NOT NULL REFERENCES "submission" ("id") ON DELETE CASCADE, "findings" TEXT NOT NULL DEFAULT '{}',
    CONSTRAINT "uid_revision_submiss_efdd6a" UNIQUE ("submission_id", "number")
);;
CREATE TABLE "source" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "chat" VARCHAR(255) NOT NULL,
    "message" VARCHAR(255) NOT NULL,
    "submission_id" BIGINT NOT NULL REFERENCES "submission" ("id") ON DELETE CASCADE, "text" TEXT NOT NULL DEFAULT '', "attachments" TEXT NOT NULL DEFAULT '[]', "uncarried" TEXT NOT NULL DEFAULT '[]', "posted_at" TIMESTAMP,
    CONSTRAINT "uid_source_account_6f036b" UNIQUE ("account", "chat", "message")
);;
CREATE TABLE "absence" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "community" VARCHAR(64) NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "user" VARCHAR(255) NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "until" TIMESTAMP NOT NULL,
    CONSTRAINT "uid_absence_communi_a8889c" UNIQUE ("community", "account", "user")
);;
CREATE TABLE "appointment" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "community" VARCHAR(64) NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "user" VARCHAR(255) NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "role" VARCHAR(16) NOT NULL,
    "set_by" VARCHAR(255) NOT NULL,
    "set_at" TIMESTAMP NOT NULL,
    CONSTRAINT "uid_appointment_communi_6ff7bd" UNIQUE ("community", "account", "user")
);;
CREATE TABLE "note" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "text" TEXT NOT NULL,
    "anchor" TEXT NOT NULL,
    "actor" VARCHAR(255) NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "initials" VARCHAR(64) NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    "removed" INT NOT NULL,
    "review_id" BIGINT NOT NULL REFERENCES "review" ("id") ON DELETE CASCADE
);;
CREATE INDEX "idx_note_review__d2dbb5" ON "note" ("review_id", "id");;
CREATE TABLE "quotation" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "text" TEXT NOT NULL,
    "actor" VARCHAR(255) NOT NULL,
    "selected_name" VARCHAR(255) NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    "post_id" BIGINT NOT NULL REFERENCES "post" ("id") ON DELETE CASCADE
);;
CREATE TABLE "setting" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "community" VARCHAR(64) NOT NULL,
    "key" VARCHAR(64) NOT NULL,
    "value" TEXT NOT NULL,
    CONSTRAINT "uid_setting_communi_25fd5b" UNIQUE ("community", "key")
);;
CREATE TABLE "standing" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "community" VARCHAR(64) NOT NULL,
    "standing" VARCHAR(16) NOT NULL,
    "set_by" VARCHAR(255) NOT NULL,
    "set_at" TIMESTAMP NOT NULL,
    "person_id" BIGINT NOT NULL REFERENCES "person" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_standing_person__82848d" UNIQUE ("person_id", "community")
);;
CREATE TABLE "theme" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "community" VARCHAR(64) NOT NULL,
    "title" VARCHAR(255) NOT NULL,
    "state" VARCHAR(16) NOT NULL  /* OPEN: open\nCLOSED: closed */,
    "counter" BIGINT NOT NULL,
    "discussion" INT NOT NULL,
    "sponsor" VARCHAR(255) NOT NULL,
    "questions" TEXT NOT NULL,
    "working_group" TEXT NOT NULL,
    "starts_at" TIMESTAMP,
    "ends_at" TIMESTAMP,
    "created_by" VARCHAR(255) NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    CONSTRAINT "uid_theme_communi_c34d97" UNIQUE ("community", "title")
);;
CREATE TABLE "translation" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "revision" INT NOT NULL,
    "language" VARCHAR(16) NOT NULL,
    "text" TEXT NOT NULL,
    "actor" VARCHAR(255) NOT NULL,
    "translator" VARCHAR(255) NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    "submission_id" BIGINT NOT NULL REFERENCES "submission" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_translation_submiss_4d51ef" UNIQUE ("submission_id", "revision", "language")
);;
CREATE TABLE "vote" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "revision" INT NOT NULL,
    "shows" VARCHAR(64) NOT NULL,
    "person_id" BIGINT NOT NULL,
    "actor" VARCHAR(255) NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "at" TIMESTAMP NOT NULL,
    "review_id" BIGINT NOT NULL REFERENCES "review" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_vote_review__a07aff" UNIQUE ("review_id", "revision", "shows", "person_id")
);;
CREATE TABLE "decision" ("id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "review_id" BIGINT REFERENCES "review" ("id") ON DELETE CASCADE, "at" TIMESTAMP NOT NULL, "actor" VARCHAR(255) NOT NULL, "action" VARCHAR(64) NOT NULL, "revision" INT NOT NULL, "reason" VARCHAR(64) NOT NULL, "community" VARCHAR(64) NOT NULL DEFAULT '', "detail" TEXT NOT NULL DEFAULT '{}', "hash" VARCHAR(64) NOT NULL DEFAULT '', "prev" VARCHAR(64) NOT NULL DEFAULT '', "seq" BIGINT);;
CREATE UNIQUE INDEX "uid_decision_communi_00191c" ON "decision" ("community", "seq");;
CREATE TABLE "application" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "kind" VARCHAR(16) NOT NULL,
    "community" VARCHAR(64) NOT NULL,
    "number" BIGINT NOT NULL,
    "subject_id" BIGINT,
    "facts" TEXT NOT NULL,
    "state" VARCHAR(16) NOT NULL  /* OPEN: open\nAPPROVED: approved\nDECLINED: declined\nWITHDRAWN: withdrawn */,
    "decided_by" VARCHAR(255) NOT NULL,
    "decided_name" VARCHAR(255) NOT NULL,
    "decided_at" TIMESTAMP,
    "words" TEXT NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    "identity_id" BIGINT NOT NULL REFERENCES "identity" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_application_communi_d65235" UNIQUE ("community", "number")
);;
CREATE INDEX "idx_application_state_a31541" ON "application" ("state", "community", "id");;
CREATE INDEX "idx_application_kind_6306e1" ON "application" ("kind", "subject_id");;
CREATE TABLE "bridged_group" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "community" VARCHAR(64) NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "chat" VARCHAR(255) NOT NULL,
    "title" VARCHAR(255) NOT NULL,
    "size" INT,
    "intake" VARCHAR(16) NOT NULL,
    "language" VARCHAR(16) NOT NULL,
    "quiet" VARCHAR(16) NOT NULL,
    "zone" VARCHAR(64) NOT NULL,
    "state" VARCHAR(16) NOT NULL  /* ASKED: asked\nLINKED: linked\nREFUSED: refused\nUNLINKED: unlinked */,
    "identity_id" BIGINT NOT NULL,
    "decided_by" VARCHAR(255) NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    "changed_at" TIMESTAMP NOT NULL,
    CONSTRAINT "uid_bridged_gro_account_60a4c2" UNIQUE ("account", "chat", "community")
);;
CREATE TABLE "copy_change" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "post_id" BIGINT NOT NULL,
    "community" VARCHAR(64) NOT NULL,
    "action" VARCHAR(16) NOT NULL,
    "after_person" BIGINT NOT NULL,
    "done" INT NOT NULL,
    "created_at" TIMESTAMP NOT NULL
);;
CREATE INDEX "idx_copy_change_done_74b3e3" ON "copy_change" ("done", "community", "id");;
CREATE TABLE "invitation" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "code" VARCHAR(64) NOT NULL UNIQUE,
    "community" VARCHAR(64) NOT NULL,
    "set_by" VARCHAR(255) NOT NULL,
    "label" VARCHAR(255) NOT NULL,
    "most" INT NOT NULL,
    "used" INT NOT NULL,
    "expires_at" TIMESTAMP,
    "ended" INT NOT NULL,
    "created_at" TIMESTAMP NOT NULL
);;
CREATE TABLE "link_code" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "hash" VARCHAR(64) NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "user" VARCHAR(255) NOT NULL,
    "attempts" INT NOT NULL,
    "expires_at" TIMESTAMP NOT NULL,
    "used_at" TIMESTAMP,
    "created_at" TIMESTAMP NOT NULL,
    "identity_id" BIGINT NOT NULL REFERENCES "identity" ("id") ON DELETE CASCADE
);;
CREATE INDEX "idx_link_code_hash_9e5dd0" ON "link_code" ("hash");;
CREATE INDEX "idx_link_code_identit_ed8316" ON "link_code" ("identity_id", "id");;
CREATE TABLE "membership" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "community" VARCHAR(64) NOT NULL,
    "state" VARCHAR(16) NOT NULL  /* APPLIED: applied\nMEMBER: member\nLEFT: left\nREFUSED: refused\nBANNED: banned */,
    "title" VARCHAR(255) NOT NULL,
    "note" TEXT NOT NULL,
    "via" VARCHAR(64) NOT NULL,
    "invitation_id" BIGINT,
    "language" VARCHAR(16) NOT NULL,
    "reading" VARCHAR(16) NOT NULL,
    "media" INT NOT NULL,
    "hour" INT NOT NULL,
    "zone" VARCHAR(64) NOT NULL,
    "quiet" VARCHAR(16) NOT NULL,
    "away_until" TIMESTAMP,
    "read_post_id" BIGINT NOT NULL,
    "digest_at" TIMESTAMP,
    "next_at" TIMESTAMP,
    "created_at" TIMESTAMP NOT NULL,
    "joined_at" TIMESTAMP,
    "ended_at" TIMESTAMP,
    "set_by" VARCHAR(255) NOT NULL,
    "person_id" BIGINT NOT NULL REFERENCES "person" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_membership_person__17d228" UNIQUE ("person_id", "community")
);;
CREATE INDEX "idx_membership_communi_87ec03" ON "membership" ("community", "state");;
CREATE INDEX "idx_membership_reading_750a14" ON "membership" ("reading", "id");;
CREATE INDEX "idx_membership_communi_a9f8da" ON "membership" ("community", "reading", "next_at");;
CREATE INDEX "idx_delivery_applica_5b9b77" ON "delivery" ("application_id");;
CREATE INDEX "idx_delivery_person__5114fe" ON "delivery" ("person_id");;
CREATE INDEX "idx_post_communi_5a7879" ON "post" ("community", "feed_number");;
CREATE TABLE "poll_vote" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "post_id" BIGINT NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "chat" VARCHAR(255) NOT NULL,
    "message" VARCHAR(255) NOT NULL,
    "user" VARCHAR(255) NOT NULL DEFAULT '',
    "options" TEXT NOT NULL DEFAULT '[]',
    "at" TIMESTAMP NOT NULL,
    CONSTRAINT "uid_poll_vote_account_002270" UNIQUE ("account", "chat", "message", "user")
);;
CREATE INDEX "idx_poll_vote_post_id_1f9529" ON "poll_vote" ("post_id");;
CREATE INDEX "idx_poll_vote_account_0cab0a" ON "poll_vote" ("account", "user");;
CREATE TABLE "reaction" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "post_id" BIGINT NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "chat" VARCHAR(255) NOT NULL,
    "message" VARCHAR(255) NOT NULL,
    "user" VARCHAR(255) NOT NULL DEFAULT '',
    "emoji" VARCHAR(64) NOT NULL,
    "count" INT NOT NULL DEFAULT 1,
    "event" VARCHAR(255) NOT NULL DEFAULT '',
    "at" TIMESTAMP NOT NULL,
    CONSTRAINT "uid_reaction_account_3754ae" UNIQUE ("account", "chat", "message", "user", "emoji")
);;
CREATE INDEX "idx_reaction_post_id_fe1c53" ON "reaction" ("post_id");;
CREATE INDEX "idx_reaction_account_300c2d" ON "reaction" ("account", "chat", "event");;
CREATE INDEX "idx_reaction_account_a6e90d" ON "reaction" ("account", "user");;
CREATE TABLE "delivery_message" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "position" INT NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "chat" VARCHAR(255) NOT NULL,
    "message" VARCHAR(255) NOT NULL,
    "delivery_id" BIGINT NOT NULL REFERENCES "delivery" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_delivery_me_deliver_111655" UNIQUE ("delivery_id", "position")
);;
CREATE INDEX "idx_delivery_me_account_ced58f" ON "delivery_message" ("account", "chat", "message");;
CREATE INDEX "idx_delivery_target__7ea6f0" ON "delivery" ("target_id");;
CREATE INDEX "idx_source_submiss_2375af" ON "source" ("submission_id");;
CREATE INDEX "idx_inbox_account_fcf7da" ON "inbox" ("account", "chat", "id");;
CREATE INDEX "idx_delivery_state_5e9f79" ON "delivery" ("state", "view", "id");;
CREATE INDEX "idx_identity_account_9c2086" ON "identity" ("account", "direct_chat");;
CREATE INDEX "idx_identity_person__12d416" ON "identity" ("person_id");;
CREATE TABLE "handover" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "delivery_id" BIGINT NOT NULL,
    "post_id" BIGINT,
    "account" VARCHAR(64) NOT NULL,
    "channel" VARCHAR(64) NOT NULL,
    "kind" VARCHAR(16) NOT NULL,
    "key" VARCHAR(64) NOT NULL,
    "message" VARCHAR(255) NOT NULL DEFAULT '',
    "handed_at" TIMESTAMP NOT NULL,
    "bytes" BIGINT NOT NULL,
    "segments" INT NOT NULL DEFAULT 0,
    "currency" VARCHAR(3) NOT NULL DEFAULT '',
    "cost" BIGINT NOT NULL DEFAULT 0,
    "arrival" VARCHAR(16) NOT NULL  /* HANDED: handed\nSENT: sent\nDELIVERED: delivered\nFAILED: failed */ DEFAULT 'handed',
    "code" VARCHAR(64) NOT NULL DEFAULT '',
    "reported_at" TIMESTAMP
);;
CREATE INDEX "idx_handover_account_e720c9" ON "handover" ("account", "handed_at");;
CREATE INDEX "idx_handover_account_9d8da5" ON "handover" ("account", "key");;
CREATE INDEX "idx_handover_account_bd3741" ON "handover" ("account", "message");;
CREATE INDEX "idx_handover_deliver_41af7f" ON "handover" ("delivery_id");;
CREATE INDEX "idx_handover_post_id_284366" ON "handover" ("post_id", "arrival");;
CREATE TABLE "archive_entry" (
    "id" BIGINT NOT NULL  PRIMARY KEY,
    "community" VARCHAR(64) NOT NULL,
    "published_at" TIMESTAMP NOT NULL,
    "theme_id" BIGINT,
    "thread_id" BIGINT NOT NULL,
    "everywhere" INT NOT NULL,
    "words" TEXT NOT NULL
);;
CREATE INDEX "idx_archive_ent_communi_8404ce" ON "archive_entry" ("community", "published_at", "id");;
CREATE INDEX "idx_archive_ent_communi_fb8007" ON "archive_entry" ("community", "everywhere", "published_at", "id");;
CREATE INDEX "idx_archive_ent_theme_i_e9d352" ON "archive_entry" ("theme_id", "published_at", "id");;
CREATE INDEX "idx_archive_ent_thread__da50b6" ON "archive_entry" ("thread_id", "id");;
CREATE TABLE "personal_link" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "selector" VARCHAR(64) NOT NULL UNIQUE,
    "secret" VARCHAR(64) NOT NULL,
    "purpose" VARCHAR(16) NOT NULL,
    "person_id" BIGINT NOT NULL,
    "community" VARCHAR(64) NOT NULL,
    "created_at" TIMESTAMP NOT NULL
);;
CREATE INDEX "idx_personal_li_person__ffbbb5" ON "personal_link" ("person_id", "community", "purpose");;
CREATE TABLE "small_picture" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "source" VARCHAR(64) NOT NULL,
    "kind" VARCHAR(16) NOT NULL,
    "sha256" VARCHAR(64) NOT NULL,
    "size" INT NOT NULL,
    "width" INT NOT NULL,
    "height" INT NOT NULL,
    CONSTRAINT "uid_small_pictu_source_e59b98" UNIQUE ("source", "kind")
);;
CREATE INDEX "idx_small_pictu_sha256_0c3d91" ON "small_picture" ("sha256");;
CREATE VIRTUAL TABLE archive_fts USING fts5(community, words, content='archive_entry', content_rowid='id', tokenize="unicode61 remove_diacritics 0 categories 'L* N* M* Co'");;
CREATE TRIGGER archive_entry_added AFTER INSERT ON archive_entry BEGIN INSERT INTO archive_fts (rowid, community, words) VALUES (new.id, new.community, new.words); END;;
CREATE TRIGGER archive_entry_gone AFTER DELETE ON archive_entry BEGIN INSERT INTO archive_fts (archive_fts, rowid, community, words) VALUES ('delete', old.id, old.community, old.words); END;;
CREATE TRIGGER archive_entry_changed AFTER UPDATE OF community, words ON archive_entry BEGIN INSERT INTO archive_fts (archive_fts, rowid, community, words) VALUES ('delete', old.id, old.community, old.words); INSERT INTO archive_fts (rowid, community, words) VALUES (new.id, new.community, new.words); END;;
CREATE INDEX "idx_decision_review__b72abe" ON "decision" ("review_id");;
CREATE INDEX "idx_delivery_account_d75b03" ON "delivery" ("account", "target_message");;
CREATE INDEX "idx_handover_arrival_6a0743" ON "handover" ("arrival", "reported_at");;
CREATE INDEX "idx_post_communi_11c85b" ON "post" ("community", "corrected_at");;
CREATE INDEX "idx_post_communi_6d0aa8" ON "post" ("community", "retracted_at");;
CREATE INDEX "idx_post_publish_92c8e6" ON "post" ("publish_at");;
CREATE INDEX "idx_review_submiss_7b5f9f" ON "review" ("submission_id");;
CREATE INDEX "idx_review_communi_5fdc93" ON "review" ("community", "decided_at");;
CREATE INDEX "idx_submission_communi_570eb0" ON "submission" ("community", "created_at");;
CREATE TABLE "lease" (
    "name" VARCHAR(128) NOT NULL  PRIMARY KEY,
    "holder" VARCHAR(64) NOT NULL,
    "fence" BIGINT NOT NULL,
    "until" TIMESTAMP NOT NULL
);;
CREATE INDEX "idx_identity_called_014702" ON "identity" ("called");;
CREATE INDEX "idx_profile_called_f03273" ON "profile" ("called");;
CREATE INDEX "idx_quotation_post_id_b0866e" ON "quotation" ("post_id");;
CREATE INDEX "idx_review_merged__95e928" ON "review" ("merged_into");;
CREATE INDEX "delivery_by_lane" ON "delivery" ("account", "chat", "id", "due_at") WHERE ("state" || ':lane') = 'planned:lane' AND "waits_for" IS NULL AND "view" <> 'can_wait' AND "view" <> 'can_wait_less';;
CREATE INDEX "delivery_by_change" ON "delivery" ("account", "chat", "id") WHERE ("state" || ':change') = 'planned:change' AND "waits_for" IS NULL AND "view" <> 'can_wait' AND "view" <> 'can_wait_less' AND "operation" IN ('edit', 'delete', 'prune') AND "kind" IN ('post', 'copy', 'removal');;
CREATE INDEX "delivery_by_patience" ON "delivery" ("account", "view", "id") WHERE ("state" || ':patience') = 'planned:patience' AND "waits_for" IS NULL AND "view" IN ('can_wait', 'can_wait_less');;
CREATE INDEX "delivery_by_hour" ON "delivery" ("account", "due_at") WHERE ("state" || ':hour') = 'planned:hour' AND "waits_for" IS NULL;;
