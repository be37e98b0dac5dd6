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
CREATE TABLE "adapter_state" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "account" VARCHAR(64) NOT NULL,
    "key" VARCHAR(255) NOT NULL,
    "value" TEXT NOT NULL,
    CONSTRAINT "uid_adapter_sta_account_b8bde6" UNIQUE ("account", "key")
);
COMMENT ON TABLE "adapter_state" IS 'Cursors, device ids and the like, for one adapter each.';;
CREATE TABLE "chat" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "account" VARCHAR(64) NOT NULL,
    "chat" VARCHAR(255) NOT NULL,
    "title" VARCHAR(255) NOT NULL,
    CONSTRAINT "uid_chat_account_deb26d" UNIQUE ("account", "chat")
);
COMMENT ON TABLE "chat" IS 'What a chat is called, as last heard, so that people are shown names and not numbers.';;
CREATE TABLE "chat_alias" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "account" VARCHAR(64) NOT NULL,
    "old" VARCHAR(255) NOT NULL,
    "new" VARCHAR(255) NOT NULL,
    CONSTRAINT "uid_chat_alias_account_78711e" UNIQUE ("account", "old")
);
COMMENT ON TABLE "chat_alias" IS 'A chat that moved to another id: the old one still answers.';;
CREATE TABLE "counter" (
    "name" VARCHAR(128) NOT NULL  PRIMARY KEY,
    "value" BIGINT NOT NULL
);
COMMENT ON TABLE "counter" IS 'A running number. The row is locked by its own update until the transaction ends.';;
CREATE TABLE "handle" (
    "token" VARCHAR(64) NOT NULL  PRIMARY KEY,
    "subject" VARCHAR(16) NOT NULL,
    "subject_id" BIGINT NOT NULL,
    "revision" INT NOT NULL,
    "action" VARCHAR(64) NOT NULL,
    "argument" VARCHAR(64) NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    CONSTRAINT "uid_handle_subject_df0f1b" UNIQUE ("subject", "subject_id", "revision", "action", "argument")
);
COMMENT ON TABLE "handle" IS 'An unguessable name for one action on one revision of one thing: what a button carries.';;
CREATE TABLE "inbox" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "account" VARCHAR(64) NOT NULL,
    "chat" VARCHAR(255) NOT NULL,
    "key" VARCHAR(255) NOT NULL,
    "event" TEXT NOT NULL,
    "raw_json" TEXT NOT NULL,
    "received_at" TIMESTAMPTZ NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "attempts" INT NOT NULL,
    "due_at" TIMESTAMPTZ NOT NULL,
    "note" TEXT NOT NULL,
    CONSTRAINT "uid_inbox_account_4c8143" UNIQUE ("account", "key")
);
CREATE INDEX "idx_inbox_state_c32f16" ON "inbox" ("state", "id");
COMMENT ON COLUMN "inbox"."state" IS 'NEW: new\nDONE: done\nPARKED: parked';
COMMENT ON TABLE "inbox" IS 'Every event a platform told us, committed before it was acknowledged.';;
CREATE TABLE "meta" (
    "key" VARCHAR(128) NOT NULL  PRIMARY KEY,
    "value" TEXT NOT NULL
);
COMMENT ON TABLE "meta" IS 'Facts about this installation: its id, counters.';;
CREATE TABLE "person" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "language" VARCHAR(16) NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE "person" IS 'A member, whatever phones they hold.';;
CREATE TABLE "identity" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "account" VARCHAR(64) NOT NULL,
    "user" VARCHAR(255) NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "handle" VARCHAR(255) NOT NULL,
    "direct_chat" VARCHAR(255) NOT NULL,
    "direct_open" BOOL NOT NULL,
    "community" VARCHAR(64) NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "person_id" BIGINT NOT NULL REFERENCES "person" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_identity_account_1082aa" UNIQUE ("account", "user")
);
COMMENT ON TABLE "identity" IS 'One account of a person on one platform.';;
CREATE TABLE "conversation" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "kind" VARCHAR(64) NOT NULL,
    "community" VARCHAR(64) NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "step" VARCHAR(64) NOT NULL,
    "answers" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "identity_id" BIGINT NOT NULL REFERENCES "identity" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_conversatio_identit_1a0be2" UNIQUE ("identity_id", "kind")
);
COMMENT ON COLUMN "conversation"."state" IS 'OPEN: open\nPAUSED: paused\nDONE: done';
COMMENT ON TABLE "conversation" IS 'A dialogue with a member that can be left and taken up again.';;
CREATE TABLE "profile" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "version" INT NOT NULL,
    "answers" TEXT NOT NULL,
    "shown" BOOL NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "person_id" BIGINT NOT NULL REFERENCES "person" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_profile_person__d7c187" UNIQUE ("person_id", "version")
);
COMMENT ON TABLE "profile" IS 'One version of what a person says of themselves. Posts keep the version they were approved with.';;
CREATE TABLE "submission" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "community" VARCHAR(64) NOT NULL,
    "number" BIGINT NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "chat" VARCHAR(255) NOT NULL,
    "message" VARCHAR(255) NOT NULL,
    "private" BOOL NOT NULL,
    "intake" VARCHAR(16) NOT NULL,
    "album" VARCHAR(255) NOT NULL,
    "reply_post_id" BIGINT,
    "reply_excerpt" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "identity_id" BIGINT NOT NULL REFERENCES "identity" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_submission_communi_b9f2b5" UNIQUE ("community", "number")
);
CREATE INDEX "idx_submission_account_3897cd" ON "submission" ("account", "chat", "album");
CREATE INDEX "idx_submission_identit_ce010e" ON "submission" ("identity_id", "id");
COMMENT ON TABLE "submission" IS 'What an author wants to say, from wherever they said it.';;
CREATE TABLE "post" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "community" VARCHAR(64) NOT NULL,
    "number" BIGINT NOT NULL,
    "revision" INT NOT NULL,
    "author" VARCHAR(255) NOT NULL,
    "text" TEXT NOT NULL,
    "attachments" TEXT NOT NULL,
    "uncarried" TEXT NOT NULL,
    "card" TEXT NOT NULL,
    "reply_post_id" BIGINT,
    "state" VARCHAR(16) NOT NULL,
    "approved_at" TIMESTAMPTZ NOT NULL,
    "submission_id" BIGINT NOT NULL UNIQUE REFERENCES "submission" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_post_communi_6ed324" UNIQUE ("community", "number")
);
COMMENT ON COLUMN "post"."state" IS 'LIVE: live\nRETRACTED: retracted';
COMMENT ON TABLE "post" IS 'An approved revision with the author card frozen into it.';;
CREATE TABLE "review" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "kind" VARCHAR(16) NOT NULL,
    "community" VARCHAR(64) NOT NULL,
    "revision" INT NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "reasons" TEXT NOT NULL,
    "decided_by" VARCHAR(255) NOT NULL,
    "decided_name" VARCHAR(255) NOT NULL,
    "decided_at" TIMESTAMPTZ,
    "reason" VARCHAR(64) NOT NULL,
    "words" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "submission_id" BIGINT NOT NULL REFERENCES "submission" ("id") ON DELETE CASCADE
);
CREATE INDEX "idx_review_state_84c888" ON "review" ("state", "community", "id");
COMMENT ON COLUMN "review"."state" IS 'HELD: held\nAPPROVED: approved\nREJECTED: rejected\nWITHDRAWN: withdrawn\nLAPSED: lapsed\nMERGED: merged';
COMMENT ON TABLE "review" IS 'What moderators decide on.';;
CREATE TABLE "decision" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "at" TIMESTAMPTZ NOT NULL,
    "actor" VARCHAR(255) NOT NULL,
    "action" VARCHAR(64) NOT NULL,
    "revision" INT NOT NULL,
    "reason" VARCHAR(64) NOT NULL,
    "review_id" BIGINT NOT NULL REFERENCES "review" ("id") ON DELETE CASCADE
);
COMMENT ON TABLE "decision" IS 'The audit log: who, when, what, why, on which revision. Never changed.';;
CREATE TABLE "delivery" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "kind" VARCHAR(16) NOT NULL,
    "community" VARCHAR(64) NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "chat" VARCHAR(255) NOT NULL,
    "part" INT NOT NULL,
    "operation" VARCHAR(16) NOT NULL,
    "revision" INT NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "due_at" TIMESTAMPTZ NOT NULL,
    "expires_at" TIMESTAMPTZ,
    "waits_for" BIGINT,
    "target_id" BIGINT,
    "target_chat" VARCHAR(255) NOT NULL,
    "target_message" VARCHAR(255) NOT NULL,
    "content" TEXT NOT NULL,
    "payload" TEXT NOT NULL,
    "attempts" INT NOT NULL,
    "doubted" BOOL NOT NULL,
    "first_attempt_at" TIMESTAMPTZ,
    "attempted_at" TIMESTAMPTZ,
    "view" VARCHAR(64) NOT NULL,
    "remote_chat" VARCHAR(255) NOT NULL,
    "message" VARCHAR(255) NOT NULL,
    "reason" VARCHAR(64) NOT NULL,
    "detail" TEXT NOT NULL,
    "planned_at" TIMESTAMPTZ NOT NULL,
    "done_at" TIMESTAMPTZ,
    "post_id" BIGINT REFERENCES "post" ("id") ON DELETE CASCADE,
    "review_id" BIGINT REFERENCES "review" ("id") ON DELETE CASCADE
);
CREATE INDEX "idx_delivery_state_d1a1b9" ON "delivery" ("state", "account", "chat", "id");
CREATE INDEX "idx_delivery_waits_f_fbc53c" ON "delivery" ("waits_for");
CREATE INDEX "idx_delivery_post_id_00e5cc" ON "delivery" ("post_id", "account", "chat");
CREATE INDEX "idx_delivery_review__13b061" ON "delivery" ("review_id", "account", "chat");
CREATE INDEX "idx_delivery_account_4aebd4" ON "delivery" ("account", "remote_chat", "message");
CREATE INDEX "idx_delivery_account_14fd92" ON "delivery" ("account", "attempted_at");
COMMENT ON COLUMN "delivery"."state" IS 'PLANNED: planned\nATTEMPTING: attempting\nDELIVERED: delivered\nREFUSED: refused\nIN_DOUBT: in_doubt\nUNCERTAIN: uncertain\nCANCELLED: cancelled';
COMMENT ON TABLE "delivery" IS 'One physical message on its way out: the outbox, the queue and the ledger in one.';;
CREATE TABLE "query" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "question" TEXT NOT NULL,
    "answer" TEXT NOT NULL,
    "asked_by" VARCHAR(255) NOT NULL,
    "asked_name" VARCHAR(255) NOT NULL,
    "asked_at" TIMESTAMPTZ NOT NULL,
    "answered_at" TIMESTAMPTZ,
    "closed" BOOL NOT NULL,
    "review_id" BIGINT NOT NULL REFERENCES "review" ("id") ON DELETE CASCADE
);
CREATE INDEX "idx_query_review__617cd4" ON "query" ("review_id", "id");
COMMENT ON TABLE "query" IS 'A moderator''s question to the author, and the answer. Open while there is none.';;
CREATE TABLE "revision" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "number" INT NOT NULL,
    "text" TEXT NOT NULL,
    "attachments" TEXT NOT NULL,
    "uncarried" TEXT NOT NULL,
    "editor" VARCHAR(255) NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "submission_id" BIGINT NOT NULL REFERENCES "submission" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_revision_submiss_efdd6a" UNIQUE ("submission_id", "number")
);
COMMENT ON TABLE "revision" IS 'One wording of a submission. Approvals are of exactly one.';;
CREATE TABLE "source" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "account" VARCHAR(64) NOT NULL,
    "chat" VARCHAR(255) NOT NULL,
    "message" VARCHAR(255) NOT NULL,
    "submission_id" BIGINT NOT NULL REFERENCES "submission" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_source_account_6f036b" UNIQUE ("account", "chat", "message")
);
COMMENT ON TABLE "source" IS 'Every message out there that a submission was made of (an album has several).';;
CREATE TABLE "absence" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "community" VARCHAR(64) NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "user" VARCHAR(255) NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "until" TIMESTAMPTZ NOT NULL,
    CONSTRAINT "uid_absence_communi_a8889c" UNIQUE ("community", "account", "user")
);
COMMENT ON TABLE "absence" IS 'A moderator who is away until a moment.';;
CREATE TABLE "appointment" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "community" VARCHAR(64) NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "user" VARCHAR(255) NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "role" VARCHAR(16) NOT NULL,
    "set_by" VARCHAR(255) NOT NULL,
    "set_at" TIMESTAMPTZ NOT NULL,
    CONSTRAINT "uid_appointment_communi_6ff7bd" UNIQUE ("community", "account", "user")
);
COMMENT ON TABLE "appointment" IS 'Who was made a moderator from inside the chat. An empty role: the appointment was ended.';;
CREATE TABLE "note" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "text" TEXT NOT NULL,
    "anchor" TEXT NOT NULL,
    "actor" VARCHAR(255) NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "initials" VARCHAR(64) NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "removed" BOOL NOT NULL,
    "review_id" BIGINT NOT NULL REFERENCES "review" ("id") ON DELETE CASCADE
);
CREATE INDEX "idx_note_review__d2dbb5" ON "note" ("review_id", "id");
COMMENT ON TABLE "note" IS 'A moderator''s note: never part of the author''s words, always signed.';;
CREATE TABLE "quotation" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "text" TEXT NOT NULL,
    "actor" VARCHAR(255) NOT NULL,
    "selected_name" VARCHAR(255) NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "post_id" BIGINT NOT NULL REFERENCES "post" ("id") ON DELETE CASCADE
);
COMMENT ON TABLE "quotation" IS 'A passage of a published post that a moderator marked, for export with its provenance.';;
CREATE TABLE "setting" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "community" VARCHAR(64) NOT NULL,
    "key" VARCHAR(64) NOT NULL,
    "value" TEXT NOT NULL,
    CONSTRAINT "uid_setting_communi_25fd5b" UNIQUE ("community", "key")
);
COMMENT ON TABLE "setting" IS 'What moderators have set from the chat, and when a community was last told something.';;
CREATE TABLE "standing" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "community" VARCHAR(64) NOT NULL,
    "standing" VARCHAR(16) NOT NULL,
    "set_by" VARCHAR(255) NOT NULL,
    "set_at" TIMESTAMPTZ NOT NULL,
    "person_id" BIGINT NOT NULL REFERENCES "person" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_standing_person__82848d" UNIQUE ("person_id", "community")
);
COMMENT ON TABLE "standing" IS 'What moderators have said of an author: trusted, always held, or empty.';;
CREATE TABLE "theme" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "community" VARCHAR(64) NOT NULL,
    "title" VARCHAR(255) NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "counter" BIGINT NOT NULL,
    "discussion" BOOL NOT NULL,
    "sponsor" VARCHAR(255) NOT NULL,
    "questions" TEXT NOT NULL,
    "working_group" TEXT NOT NULL,
    "starts_at" TIMESTAMPTZ,
    "ends_at" TIMESTAMPTZ,
    "created_by" VARCHAR(255) NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    CONSTRAINT "uid_theme_communi_c34d97" UNIQUE ("community", "title")
);
COMMENT ON COLUMN "theme"."state" IS 'OPEN: open\nCLOSED: closed';
COMMENT ON TABLE "theme" IS 'What a run of posts is about: a title and a counter, and for a thematic discussion its questions and dates.';;
CREATE TABLE "translation" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "revision" INT NOT NULL,
    "language" VARCHAR(16) NOT NULL,
    "text" TEXT NOT NULL,
    "actor" VARCHAR(255) NOT NULL,
    "translator" VARCHAR(255) NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "submission_id" BIGINT NOT NULL REFERENCES "submission" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_translation_submiss_4d51ef" UNIQUE ("submission_id", "revision", "language")
);
COMMENT ON TABLE "translation" IS 'A wording in another language, shown as a translation, with its translator.';;
CREATE TABLE "vote" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "revision" INT NOT NULL,
    "shows" VARCHAR(64) NOT NULL,
    "person_id" BIGINT NOT NULL,
    "actor" VARCHAR(255) NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "at" TIMESTAMPTZ NOT NULL,
    "review_id" BIGINT NOT NULL REFERENCES "review" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_vote_review__a07aff" UNIQUE ("review_id", "revision", "shows", "person_id")
);
COMMENT ON TABLE "vote" IS 'An approval where more than one is needed. It counts for exactly what its moderator was shown.';;
ALTER TABLE "decision" ALTER COLUMN "review_id" DROP NOT NULL;;
ALTER TABLE "decision" ADD COLUMN "community" VARCHAR(64) NOT NULL DEFAULT '';;
ALTER TABLE "decision" ADD COLUMN "detail" TEXT NOT NULL DEFAULT '{}';;
ALTER TABLE "decision" ADD COLUMN "hash" VARCHAR(64) NOT NULL DEFAULT '';;
ALTER TABLE "decision" ADD COLUMN "prev" VARCHAR(64) NOT NULL DEFAULT '';;
ALTER TABLE "decision" ADD COLUMN "seq" BIGINT;;
ALTER TABLE "decision" ADD CONSTRAINT "uid_decision_communi_00191c" UNIQUE ("community", "seq");;
ALTER TABLE "delivery" ADD COLUMN "shows" VARCHAR(64) NOT NULL DEFAULT '';;
ALTER TABLE "post" ADD COLUMN "corrected_at" TIMESTAMPTZ;;
ALTER TABLE "post" ADD COLUMN "headline" VARCHAR(255) NOT NULL DEFAULT '';;
ALTER TABLE "post" ADD COLUMN "notes" TEXT NOT NULL DEFAULT '{}';;
ALTER TABLE "post" ADD COLUMN "origin" TEXT NOT NULL DEFAULT '{}';;
ALTER TABLE "post" ADD COLUMN "publish_at" TIMESTAMPTZ;;
ALTER TABLE "post" ADD COLUMN "retracted_at" TIMESTAMPTZ;;
ALTER TABLE "post" ADD COLUMN "retracted_name" VARCHAR(255) NOT NULL DEFAULT '';;
ALTER TABLE "post" ADD COLUMN "short" TEXT NOT NULL DEFAULT '';;
ALTER TABLE "post" ADD COLUMN "targets" TEXT NOT NULL DEFAULT '[]';;
ALTER TABLE "post" ADD COLUMN "theme_id" BIGINT;;
ALTER TABLE "post" ADD COLUMN "theme_number" BIGINT;;
ALTER TABLE "post" ADD COLUMN "thread_id" BIGINT;;
ALTER TABLE "post" ADD COLUMN "thread_number" BIGINT NOT NULL DEFAULT 1;;
ALTER TABLE "post" ADD COLUMN "translations" TEXT NOT NULL DEFAULT '{}';;
ALTER TABLE "query" ADD COLUMN "escalated_at" TIMESTAMPTZ;;
ALTER TABLE "query" ADD COLUMN "kind" VARCHAR(16) NOT NULL DEFAULT 'question';;
ALTER TABLE "query" ADD COLUMN "reminded_at" TIMESTAMPTZ;;
ALTER TABLE "query" ADD COLUMN "revision" INT NOT NULL DEFAULT 0;;
ALTER TABLE "query" ADD COLUMN "wording" TEXT NOT NULL DEFAULT '';;
ALTER TABLE "review" ADD COLUMN "about_review" BIGINT;;
ALTER TABLE "review" ADD COLUMN "approvals" INT NOT NULL DEFAULT 1;;
ALTER TABLE "review" ADD COLUMN "claimed_at" TIMESTAMPTZ;;
ALTER TABLE "review" ADD COLUMN "claimed_by" VARCHAR(255) NOT NULL DEFAULT '';;
ALTER TABLE "review" ADD COLUMN "claimed_name" VARCHAR(255) NOT NULL DEFAULT '';;
ALTER TABLE "review" ADD COLUMN "consent" VARCHAR(16) NOT NULL DEFAULT '';;
ALTER TABLE "review" ADD COLUMN "crossed" TEXT NOT NULL DEFAULT '[]';;
ALTER TABLE "review" ADD COLUMN "escalated_at" TIMESTAMPTZ;;
ALTER TABLE "review" ADD COLUMN "escalated_name" VARCHAR(255) NOT NULL DEFAULT '';;
ALTER TABLE "review" ADD COLUMN "headline" VARCHAR(255) NOT NULL DEFAULT '';;
ALTER TABLE "review" ADD COLUMN "lapses_from" TIMESTAMPTZ;;
ALTER TABLE "review" ADD COLUMN "merged_into" BIGINT;;
ALTER TABLE "review" ADD COLUMN "short" TEXT NOT NULL DEFAULT '';;
ALTER TABLE "review" ADD COLUMN "short_revision" INT NOT NULL DEFAULT 0;;
ALTER TABLE "review" ADD COLUMN "targets" TEXT NOT NULL DEFAULT '[]';;
ALTER TABLE "review" ADD COLUMN "theme_id" BIGINT;;
ALTER TABLE "revision" ADD COLUMN "findings" TEXT NOT NULL DEFAULT '{}';;
ALTER TABLE "submission" ADD COLUMN "origin_post_id" BIGINT;;
CREATE TABLE "application" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "kind" VARCHAR(16) NOT NULL,
    "community" VARCHAR(64) NOT NULL,
    "number" BIGINT NOT NULL,
    "subject_id" BIGINT,
    "facts" TEXT NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "decided_by" VARCHAR(255) NOT NULL,
    "decided_name" VARCHAR(255) NOT NULL,
    "decided_at" TIMESTAMPTZ,
    "words" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "identity_id" BIGINT NOT NULL REFERENCES "identity" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_application_communi_d65235" UNIQUE ("community", "number")
);
CREATE INDEX "idx_application_state_a31541" ON "application" ("state", "community", "id");
CREATE INDEX "idx_application_kind_6306e1" ON "application" ("kind", "subject_id");
COMMENT ON COLUMN "application"."state" IS 'OPEN: open\nAPPROVED: approved\nDECLINED: declined\nWITHDRAWN: withdrawn';
COMMENT ON TABLE "application" IS 'What somebody asks of the moderators that is no post: to join, to show a profile, to connect a group.';;
CREATE TABLE "bridged_group" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "community" VARCHAR(64) NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "chat" VARCHAR(255) NOT NULL,
    "title" VARCHAR(255) NOT NULL,
    "size" INT,
    "intake" VARCHAR(16) NOT NULL,
    "language" VARCHAR(16) NOT NULL,
    "quiet" VARCHAR(16) NOT NULL,
    "zone" VARCHAR(64) NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "identity_id" BIGINT NOT NULL,
    "decided_by" VARCHAR(255) NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "changed_at" TIMESTAMPTZ NOT NULL,
    CONSTRAINT "uid_bridged_gro_account_60a4c2" UNIQUE ("account", "chat", "community")
);
COMMENT ON COLUMN "bridged_group"."state" IS 'ASKED: asked\nLINKED: linked\nREFUSED: refused\nUNLINKED: unlinked';
COMMENT ON TABLE "bridged_group" IS 'A group that was connected (or is to be) from inside a chat. Those of the config file are not here.';;
CREATE TABLE "copy_change" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "post_id" BIGINT NOT NULL,
    "community" VARCHAR(64) NOT NULL,
    "action" VARCHAR(16) NOT NULL,
    "after_person" BIGINT NOT NULL,
    "done" BOOL NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL
);
CREATE INDEX "idx_copy_change_done_74b3e3" ON "copy_change" ("done", "community", "id");
COMMENT ON TABLE "copy_change" IS 'A post was corrected or taken back: its private copies follow, a batch at a time.';;
CREATE TABLE "invitation" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "code" VARCHAR(64) NOT NULL UNIQUE,
    "community" VARCHAR(64) NOT NULL,
    "set_by" VARCHAR(255) NOT NULL,
    "label" VARCHAR(255) NOT NULL,
    "most" INT NOT NULL,
    "used" INT NOT NULL,
    "expires_at" TIMESTAMPTZ,
    "ended" BOOL NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE "invitation" IS 'A link or code that lets people into a community.';;
CREATE TABLE "link_code" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "hash" VARCHAR(64) NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "user" VARCHAR(255) NOT NULL,
    "attempts" INT NOT NULL,
    "expires_at" TIMESTAMPTZ NOT NULL,
    "used_at" TIMESTAMPTZ,
    "created_at" TIMESTAMPTZ NOT NULL,
    "identity_id" BIGINT NOT NULL REFERENCES "identity" ("id") ON DELETE CASCADE
);
CREATE INDEX "idx_link_code_hash_9e5dd0" ON "link_code" ("hash");
CREATE INDEX "idx_link_code_identit_ed8316" ON "link_code" ("identity_id", "id");
COMMENT ON TABLE "link_code" IS 'A code by which a person shows that two accounts are theirs. Only its hash is kept.';;
CREATE TABLE "membership" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "community" VARCHAR(64) NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "title" VARCHAR(255) NOT NULL,
    "note" TEXT NOT NULL,
    "via" VARCHAR(64) NOT NULL,
    "invitation_id" BIGINT,
    "language" VARCHAR(16) NOT NULL,
    "reading" VARCHAR(16) NOT NULL,
    "media" BOOL NOT NULL,
    "hour" INT NOT NULL,
    "zone" VARCHAR(64) NOT NULL,
    "quiet" VARCHAR(16) NOT NULL,
    "away_until" TIMESTAMPTZ,
    "read_post_id" BIGINT NOT NULL,
    "digest_at" TIMESTAMPTZ,
    "next_at" TIMESTAMPTZ,
    "created_at" TIMESTAMPTZ NOT NULL,
    "joined_at" TIMESTAMPTZ,
    "ended_at" TIMESTAMPTZ,
    "set_by" VARCHAR(255) NOT NULL,
    "person_id" BIGINT NOT NULL REFERENCES "person" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_membership_person__17d228" UNIQUE ("person_id", "community")
);
CREATE INDEX "idx_membership_communi_87ec03" ON "membership" ("community", "state");
CREATE INDEX "idx_membership_reading_750a14" ON "membership" ("reading", "id");
CREATE INDEX "idx_membership_communi_a9f8da" ON "membership" ("community", "reading", "next_at");
COMMENT ON COLUMN "membership"."state" IS 'APPLIED: applied\nMEMBER: member\nLEFT: left\nREFUSED: refused\nBANNED: banned';
COMMENT ON TABLE "membership" IS 'A person in a community: where they stand, and how they want to read it.';;
ALTER TABLE "delivery" ADD COLUMN "application_id" BIGINT;;
ALTER TABLE "delivery" ADD COLUMN "person_id" BIGINT;;
CREATE INDEX "idx_delivery_applica_5b9b77" ON "delivery" ("application_id");;
CREATE INDEX "idx_delivery_person__5114fe" ON "delivery" ("person_id");;
ALTER TABLE "identity" ADD COLUMN "stopped_at" TIMESTAMPTZ;;
ALTER TABLE "identity" ADD COLUMN "verified" VARCHAR(16) NOT NULL DEFAULT 'platform';;
ALTER TABLE "identity" ADD COLUMN "verified_at" TIMESTAMPTZ;;
ALTER TABLE "person" ADD COLUMN "erased_at" TIMESTAMPTZ;;
ALTER TABLE "person" ADD COLUMN "languages" TEXT NOT NULL DEFAULT '{}';;
ALTER TABLE "post" ADD COLUMN "feed_number" BIGINT;;
CREATE INDEX "idx_post_communi_5a7879" ON "post" ("community", "feed_number");;
ALTER TABLE "profile" ADD COLUMN "biography" TEXT NOT NULL DEFAULT '';;
ALTER TABLE "profile" ADD COLUMN "community" VARCHAR(64) NOT NULL DEFAULT '';;
ALTER TABLE "profile" ADD COLUMN "decided_at" TIMESTAMPTZ;;
ALTER TABLE "profile" ADD COLUMN "decided_by" VARCHAR(255) NOT NULL DEFAULT '';;
ALTER TABLE "profile" ADD COLUMN "hidden" TEXT NOT NULL DEFAULT '[]';;
ALTER TABLE "profile" ADD COLUMN "state" VARCHAR(16) NOT NULL DEFAULT 'approved';;
CREATE TABLE "poll_vote" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "post_id" BIGINT NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "chat" VARCHAR(255) NOT NULL,
    "message" VARCHAR(255) NOT NULL,
    "user" VARCHAR(255) NOT NULL DEFAULT '',
    "options" TEXT NOT NULL DEFAULT '[]',
    "at" TIMESTAMPTZ NOT NULL,
    CONSTRAINT "uid_poll_vote_account_002270" UNIQUE ("account", "chat", "message", "user")
);
CREATE INDEX "idx_poll_vote_post_id_1f9529" ON "poll_vote" ("post_id");
CREATE INDEX "idx_poll_vote_account_0cab0a" ON "poll_vote" ("account", "user");
COMMENT ON TABLE "poll_vote" IS 'What one person chose in a poll, or how all stood where the platform names nobody.';;
CREATE TABLE "reaction" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "post_id" BIGINT NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "chat" VARCHAR(255) NOT NULL,
    "message" VARCHAR(255) NOT NULL,
    "user" VARCHAR(255) NOT NULL DEFAULT '',
    "emoji" VARCHAR(64) NOT NULL,
    "count" INT NOT NULL DEFAULT 1,
    "event" VARCHAR(255) NOT NULL DEFAULT '',
    "at" TIMESTAMPTZ NOT NULL,
    CONSTRAINT "uid_reaction_account_3754ae" UNIQUE ("account", "chat", "message", "user", "emoji")
);
CREATE INDEX "idx_reaction_post_id_fe1c53" ON "reaction" ("post_id");
CREATE INDEX "idx_reaction_account_300c2d" ON "reaction" ("account", "chat", "event");
CREATE INDEX "idx_reaction_account_a6e90d" ON "reaction" ("account", "user");
COMMENT ON TABLE "reaction" IS 'What one person, or those the platform does not name, react to a message of a post with.';;
CREATE TABLE "delivery_message" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "position" INT NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "chat" VARCHAR(255) NOT NULL,
    "message" VARCHAR(255) NOT NULL,
    "delivery_id" BIGINT NOT NULL REFERENCES "delivery" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_delivery_me_deliver_111655" UNIQUE ("delivery_id", "position")
);
CREATE INDEX "idx_delivery_me_account_ced58f" ON "delivery_message" ("account", "chat", "message");
COMMENT ON TABLE "delivery_message" IS 'A message that a delivery became, besides its first one, which stands in the delivery itself.';;
ALTER TABLE "source" ADD COLUMN "text" TEXT NOT NULL DEFAULT '';;
ALTER TABLE "source" ADD COLUMN "attachments" TEXT NOT NULL DEFAULT '[]';;
ALTER TABLE "source" ADD COLUMN "uncarried" TEXT NOT NULL DEFAULT '[]';;
ALTER TABLE "source" ADD COLUMN "posted_at" TIMESTAMPTZ;;
ALTER TABLE "review" ADD COLUMN "previews" BOOL NOT NULL DEFAULT FALSE;;
ALTER TABLE "post" ADD COLUMN "previews" BOOL NOT NULL DEFAULT FALSE;;
CREATE INDEX "idx_delivery_target__7ea6f0" ON "delivery" ("target_id");;
CREATE INDEX "idx_source_submiss_2375af" ON "source" ("submission_id");;
CREATE INDEX "idx_inbox_account_fcf7da" ON "inbox" ("account", "chat", "id");;
CREATE INDEX "idx_delivery_state_5e9f79" ON "delivery" ("state", "view", "id");;
CREATE INDEX "idx_identity_account_9c2086" ON "identity" ("account", "direct_chat");;
CREATE INDEX "idx_identity_person__12d416" ON "identity" ("person_id");;
CREATE TABLE "handover" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "delivery_id" BIGINT NOT NULL,
    "post_id" BIGINT,
    "account" VARCHAR(64) NOT NULL,
    "channel" VARCHAR(64) NOT NULL,
    "kind" VARCHAR(16) NOT NULL,
    "key" VARCHAR(64) NOT NULL,
    "message" VARCHAR(255) NOT NULL DEFAULT '',
    "handed_at" TIMESTAMPTZ NOT NULL,
    "bytes" BIGINT NOT NULL,
    "segments" INT NOT NULL DEFAULT 0,
    "currency" VARCHAR(3) NOT NULL DEFAULT '',
    "cost" BIGINT NOT NULL DEFAULT 0,
    "arrival" VARCHAR(16) NOT NULL DEFAULT 'handed',
    "code" VARCHAR(64) NOT NULL DEFAULT '',
    "reported_at" TIMESTAMPTZ
);
CREATE INDEX "idx_handover_account_e720c9" ON "handover" ("account", "handed_at");
CREATE INDEX "idx_handover_account_9d8da5" ON "handover" ("account", "key");
CREATE INDEX "idx_handover_account_bd3741" ON "handover" ("account", "message");
CREATE INDEX "idx_handover_deliver_41af7f" ON "handover" ("delivery_id");
CREATE INDEX "idx_handover_post_id_284366" ON "handover" ("post_id", "arrival");
COMMENT ON COLUMN "handover"."arrival" IS 'HANDED: handed\nSENT: sent\nDELIVERED: delivered\nFAILED: failed';
COMMENT ON TABLE "handover" IS 'One send that went out, or may have. A delivery that is sent again has one for each time.';;
ALTER TABLE "identity" ADD COLUMN "unreachable_at" TIMESTAMPTZ;;
ALTER TABLE "delivery" ADD COLUMN "item" INT NOT NULL DEFAULT 0;;
ALTER TABLE "post" ADD COLUMN "reply_place" VARCHAR(255) NOT NULL DEFAULT '';;
ALTER TABLE "submission" ADD COLUMN "reply_place" VARCHAR(255) NOT NULL DEFAULT '';;
CREATE TABLE "archive_entry" (
    "id" BIGINT NOT NULL  PRIMARY KEY,
    "community" VARCHAR(64) NOT NULL,
    "published_at" TIMESTAMPTZ NOT NULL,
    "theme_id" BIGINT,
    "thread_id" BIGINT NOT NULL,
    "everywhere" BOOL NOT NULL,
    "words" TEXT NOT NULL
);
CREATE INDEX "idx_archive_ent_communi_8404ce" ON "archive_entry" ("community", "published_at", "id");
CREATE INDEX "idx_archive_ent_communi_fb8007" ON "archive_entry" ("community", "everywhere", "published_at", "id");
CREATE INDEX "idx_archive_ent_theme_i_e9d352" ON "archive_entry" ("theme_id", "published_at", "id");
CREATE INDEX "idx_archive_ent_thread__da50b6" ON "archive_entry" ("thread_id", "id");
COMMENT ON TABLE "archive_entry" IS 'A published post as the archive lists and finds it. There is one for every post that is not taken back.';;
CREATE TABLE "personal_link" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "selector" VARCHAR(64) NOT NULL UNIQUE,
    "secret" VARCHAR(64) NOT NULL,
    "purpose" VARCHAR(16) NOT NULL,
    "person_id" BIGINT NOT NULL,
    "community" VARCHAR(64) NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL
);
CREATE INDEX "idx_personal_li_person__ffbbb5" ON "personal_link" ("person_id", "community", "purpose");
COMMENT ON TABLE "personal_link" IS 'An unguessable link that is a member''s own: to read the archive, or to unsubscribe.';;
CREATE TABLE "small_picture" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "source" VARCHAR(64) NOT NULL,
    "kind" VARCHAR(16) NOT NULL,
    "sha256" VARCHAR(64) NOT NULL,
    "size" INT NOT NULL,
    "width" INT NOT NULL,
    "height" INT NOT NULL,
    CONSTRAINT "uid_small_pictu_source_e59b98" UNIQUE ("source", "kind")
);
CREATE INDEX "idx_small_pictu_sha256_0c3d91" ON "small_picture" ("sha256");
COMMENT ON TABLE "small_picture" IS 'A picture made small for a reader who asked for it, kept in the media store.';;
CREATE INDEX archive_entry_words ON archive_entry USING gin (array_to_tsvector(string_to_array(nullif(words, ''), ' ')));;
ALTER TABLE "submission" ADD COLUMN "cut" TEXT NOT NULL DEFAULT '';;
ALTER TABLE "identity" ADD COLUMN "counted_from" TIMESTAMPTZ;;
ALTER TABLE "identity" ADD COLUMN "warned_at" TIMESTAMPTZ;;
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
    "until" TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE "lease" IS 'What only one of several programs may work, and until when, by the database''s own clock.';;
ALTER TABLE "identity" ADD COLUMN "called" VARCHAR(255) NOT NULL DEFAULT '';;
CREATE INDEX "idx_identity_called_014702" ON "identity" ("called");;
ALTER TABLE "profile" ADD COLUMN "called" VARCHAR(255) NOT NULL DEFAULT '';;
CREATE INDEX "idx_profile_called_f03273" ON "profile" ("called");;
CREATE INDEX "idx_quotation_post_id_b0866e" ON "quotation" ("post_id");;
CREATE INDEX "idx_review_merged__95e928" ON "review" ("merged_into");;
CREATE INDEX "delivery_by_lane" ON "delivery" ("account", "chat", "id", "due_at") WHERE ("state" || ':lane') = 'planned:lane' AND "waits_for" IS NULL AND "view" <> 'can_wait' AND "view" <> 'can_wait_less';;
CREATE INDEX "delivery_by_change" ON "delivery" ("account", "chat", "id") WHERE ("state" || ':change') = 'planned:change' AND "waits_for" IS NULL AND "view" <> 'can_wait' AND "view" <> 'can_wait_less' AND "operation" IN ('edit', 'delete', 'prune') AND "kind" IN ('post', 'copy', 'removal');;
CREATE INDEX "delivery_by_patience" ON "delivery" ("account", "view", "id") WHERE ("state" || ':patience') = 'planned:patience' AND "waits_for" IS NULL AND "view" IN ('can_wait', 'can_wait_less');;
CREATE INDEX "delivery_by_hour" ON "delivery" ("account", "due_at") WHERE ("state" || ':hour') = 'planned:hour' AND "waits_for" IS NULL;;
