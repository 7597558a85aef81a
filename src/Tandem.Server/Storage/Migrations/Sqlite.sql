CREATE TABLE IF NOT EXISTS "migrations" (
    "MigrationId" TEXT NOT NULL CONSTRAINT "PK_migrations" PRIMARY KEY,
    "ProductVersion" TEXT NOT NULL
);

BEGIN TRANSACTION;
CREATE TABLE "change_log" (
    "sequence" INTEGER NOT NULL CONSTRAINT "PK_change_log" PRIMARY KEY AUTOINCREMENT,
    "referral_id" TEXT NOT NULL,
    "engagement_id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "etag_before" TEXT NULL,
    "etag_after" TEXT NOT NULL,
    "changed_at" INTEGER NOT NULL,
    "actor_organization_id" TEXT NULL,
    "actor_user_id" TEXT NULL,
    "actor_name" TEXT NOT NULL,
    "actor_email" TEXT NULL,
    "via" TEXT NULL,
    "properties" TEXT NOT NULL
);

CREATE TABLE "idempotency_keys" (
    "key" TEXT NOT NULL CONSTRAINT "PK_idempotency_keys" PRIMARY KEY,
    "request_digest" TEXT NOT NULL,
    "status" INTEGER NOT NULL,
    "location" TEXT NULL,
    "body" TEXT NOT NULL,
    "created_at" INTEGER NOT NULL
);

CREATE TABLE "OpenIddictApplications" (
    "id" TEXT NOT NULL CONSTRAINT "PK_OpenIddictApplications" PRIMARY KEY,
    "application_type" TEXT NULL,
    "client_id" TEXT NULL,
    "client_secret" TEXT NULL,
    "client_type" TEXT NULL,
    "concurrency_token" TEXT NULL,
    "consent_type" TEXT NULL,
    "display_name" TEXT NULL,
    "display_names" TEXT NULL,
    "json_web_key_set" TEXT NULL,
    "permissions" TEXT NULL,
    "post_logout_redirect_uris" TEXT NULL,
    "properties" TEXT NULL,
    "redirect_uris" TEXT NULL,
    "requirements" TEXT NULL,
    "settings" TEXT NULL
);

CREATE TABLE "OpenIddictScopes" (
    "id" TEXT NOT NULL CONSTRAINT "PK_OpenIddictScopes" PRIMARY KEY,
    "concurrency_token" TEXT NULL,
    "description" TEXT NULL,
    "descriptions" TEXT NULL,
    "display_name" TEXT NULL,
    "display_names" TEXT NULL,
    "name" TEXT NULL,
    "properties" TEXT NULL,
    "resources" TEXT NULL
);

CREATE TABLE "organizations" (
    "id" TEXT NOT NULL CONSTRAINT "PK_organizations" PRIMARY KEY,
    "name" TEXT NOT NULL,
    "primary_mpn_id" TEXT NULL,
    "created_at" INTEGER NOT NULL
);

CREATE TABLE "protection_keys" (
    "id" INTEGER NOT NULL CONSTRAINT "PK_protection_keys" PRIMARY KEY AUTOINCREMENT,
    "xml" TEXT NOT NULL
);

CREATE TABLE "referrals" (
    "id" TEXT NOT NULL CONSTRAINT "PK_referrals" PRIMARY KEY,
    "engagement_id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "status" TEXT NOT NULL,
    "substatus" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "qualification" TEXT NOT NULL,
    "direction" TEXT NOT NULL,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    "expires_at" INTEGER NULL,
    "accepted_at" INTEGER NULL,
    "closed_at" INTEGER NULL,
    "closing_at" INTEGER NULL,
    "external_reference_id" TEXT NULL,
    "name" TEXT NULL,
    "customer_name" TEXT NULL,
    "country" TEXT NULL,
    "deal_value" REAL NULL,
    "currency" TEXT NULL,
    "mpn_id" TEXT NULL,
    "sales_stage" TEXT NULL,
    "campaign_id" TEXT NULL,
    "registration_status" TEXT NOT NULL,
    "favorite" INTEGER NOT NULL,
    "invited_by" TEXT NULL,
    "shared_with_sellers" INTEGER NOT NULL,
    "contacts_shared" INTEGER NOT NULL,
    "creator_organization_id" TEXT NOT NULL,
    "creator_user_id" TEXT NOT NULL,
    "is_lead" INTEGER NOT NULL,
    "archives_at" INTEGER NULL,
    "reminds_at" INTEGER NULL,
    "document" TEXT NOT NULL
);

CREATE TABLE "signing_keys" (
    "id" TEXT NOT NULL CONSTRAINT "PK_signing_keys" PRIMARY KEY,
    "protected_key" BLOB NOT NULL,
    "created_at" INTEGER NOT NULL
);

CREATE TABLE "OpenIddictAuthorizations" (
    "id" TEXT NOT NULL CONSTRAINT "PK_OpenIddictAuthorizations" PRIMARY KEY,
    "application_id" TEXT NULL,
    "concurrency_token" TEXT NULL,
    "creation_date" TEXT NULL,
    "properties" TEXT NULL,
    "scopes" TEXT NULL,
    "status" TEXT NULL,
    "subject" TEXT NULL,
    "type" TEXT NULL,
    CONSTRAINT "FK_OpenIddictAuthorizations_OpenIddictApplications_application_id" FOREIGN KEY ("application_id") REFERENCES "OpenIddictApplications" ("id")
);

CREATE TABLE "directory_tenants" (
    "id" TEXT NOT NULL CONSTRAINT "PK_directory_tenants" PRIMARY KEY,
    "organization_id" TEXT NOT NULL,
    CONSTRAINT "FK_directory_tenants_organizations_organization_id" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON DELETE CASCADE
);

CREATE TABLE "locations" (
    "id" TEXT NOT NULL CONSTRAINT "PK_locations" PRIMARY KEY,
    "organization_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "mpn_id" TEXT NULL,
    CONSTRAINT "FK_locations_organizations_organization_id" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON DELETE CASCADE
);

CREATE TABLE "service_clients" (
    "id" TEXT NOT NULL CONSTRAINT "PK_service_clients" PRIMARY KEY,
    "organization_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "mpn_id" TEXT NULL,
    "created_at" INTEGER NOT NULL,
    CONSTRAINT "FK_service_clients_organizations_organization_id" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON DELETE CASCADE
);

CREATE TABLE "solutions" (
    "id" TEXT NOT NULL CONSTRAINT "PK_solutions" PRIMARY KEY,
    "organization_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    CONSTRAINT "FK_solutions_organizations_organization_id" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON DELETE CASCADE
);

CREATE TABLE "users" (
    "id" TEXT NOT NULL CONSTRAINT "PK_users" PRIMARY KEY,
    "organization_id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "external_id" TEXT NULL,
    "password_hash" TEXT NULL,
    "is_enabled" INTEGER NOT NULL,
    "created_at" INTEGER NOT NULL,
    CONSTRAINT "FK_users_organizations_organization_id" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON DELETE CASCADE
);

CREATE TABLE "referral_members" (
    "referral_id" TEXT NOT NULL,
    "side" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,
    "email" TEXT NOT NULL,
    CONSTRAINT "PK_referral_members" PRIMARY KEY ("referral_id", "side", "position"),
    CONSTRAINT "FK_referral_members_referrals_referral_id" FOREIGN KEY ("referral_id") REFERENCES "referrals" ("id") ON DELETE CASCADE
);

CREATE TABLE "OpenIddictTokens" (
    "id" TEXT NOT NULL CONSTRAINT "PK_OpenIddictTokens" PRIMARY KEY,
    "application_id" TEXT NULL,
    "authorization_id" TEXT NULL,
    "concurrency_token" TEXT NULL,
    "creation_date" TEXT NULL,
    "expiration_date" TEXT NULL,
    "payload" TEXT NULL,
    "properties" TEXT NULL,
    "redemption_date" TEXT NULL,
    "reference_id" TEXT NULL,
    "status" TEXT NULL,
    "subject" TEXT NULL,
    "type" TEXT NULL,
    CONSTRAINT "FK_OpenIddictTokens_OpenIddictApplications_application_id" FOREIGN KEY ("application_id") REFERENCES "OpenIddictApplications" ("id"),
    CONSTRAINT "FK_OpenIddictTokens_OpenIddictAuthorizations_authorization_id" FOREIGN KEY ("authorization_id") REFERENCES "OpenIddictAuthorizations" ("id")
);

CREATE TABLE "role_assignments" (
    "id" TEXT NOT NULL CONSTRAINT "PK_role_assignments" PRIMARY KEY,
    "user_id" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "mpn_id" TEXT NULL,
    CONSTRAINT "FK_role_assignments_users_user_id" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE
);

CREATE INDEX "IX_change_log_referral_id_sequence" ON "change_log" ("referral_id", "sequence");

CREATE INDEX "IX_directory_tenants_organization_id" ON "directory_tenants" ("organization_id");

CREATE INDEX "IX_idempotency_keys_created_at" ON "idempotency_keys" ("created_at");

CREATE INDEX "IX_locations_organization_id" ON "locations" ("organization_id");

CREATE UNIQUE INDEX "IX_OpenIddictApplications_client_id" ON "OpenIddictApplications" ("client_id");

CREATE INDEX "IX_OpenIddictAuthorizations_application_id_status_subject_type" ON "OpenIddictAuthorizations" ("application_id", "status", "subject", "type");

CREATE UNIQUE INDEX "IX_OpenIddictScopes_name" ON "OpenIddictScopes" ("name");

CREATE INDEX "IX_OpenIddictTokens_application_id_status_subject_type" ON "OpenIddictTokens" ("application_id", "status", "subject", "type");

CREATE INDEX "IX_OpenIddictTokens_authorization_id" ON "OpenIddictTokens" ("authorization_id");

CREATE UNIQUE INDEX "IX_OpenIddictTokens_reference_id" ON "OpenIddictTokens" ("reference_id");

CREATE INDEX "IX_referral_members_email_side_referral_id" ON "referral_members" ("email", "side", "referral_id");

CREATE INDEX "IX_referrals_engagement_id" ON "referrals" ("engagement_id");

CREATE INDEX "IX_referrals_expires_at" ON "referrals" ("expires_at") WHERE expires_at IS NOT NULL;

CREATE INDEX "IX_referrals_organization_id_created_at_id" ON "referrals" ("organization_id", "created_at", "id");

CREATE INDEX "IX_referrals_organization_id_creator_user_id" ON "referrals" ("organization_id", "creator_user_id");

CREATE INDEX "IX_referrals_organization_id_external_reference_id" ON "referrals" ("organization_id", "external_reference_id");

CREATE INDEX "IX_referrals_organization_id_status_created_at_id" ON "referrals" ("organization_id", "status", "created_at", "id");

CREATE INDEX "IX_referrals_organization_id_updated_at_id" ON "referrals" ("organization_id", "updated_at", "id");

CREATE INDEX "IX_referrals_reminds_at" ON "referrals" ("reminds_at") WHERE reminds_at IS NOT NULL;

CREATE UNIQUE INDEX "ux_referrals_open_per_engagement" ON "referrals" ("engagement_id", "organization_id") WHERE status <> 'Closed';

CREATE INDEX "IX_role_assignments_user_id" ON "role_assignments" ("user_id");

CREATE INDEX "IX_service_clients_organization_id" ON "service_clients" ("organization_id");

CREATE INDEX "IX_solutions_organization_id" ON "solutions" ("organization_id");

CREATE UNIQUE INDEX "IX_users_email" ON "users" ("email");

CREATE INDEX "IX_users_organization_id_external_id" ON "users" ("organization_id", "external_id");

INSERT INTO "migrations" ("MigrationId", "ProductVersion")
VALUES ('20261123212314_Initial', '10.0.15');

COMMIT;

BEGIN TRANSACTION;
DROP INDEX "IX_referrals_organization_id_created_at_id";

DROP INDEX "IX_referrals_organization_id_status_created_at_id";

DROP INDEX "IX_referrals_organization_id_updated_at_id";

ALTER TABLE "change_log" ADD "contacts_shared" INTEGER NULL;

ALTER TABLE "change_log" ADD "document_digest" BLOB NULL;

ALTER TABLE "change_log" ADD "lost_by" TEXT NULL;

ALTER TABLE "change_log" ADD "status" TEXT NULL;

ALTER TABLE "change_log" ADD "substatus" TEXT NULL;

ALTER TABLE "change_log" ADD "transaction_id" INTEGER NOT NULL DEFAULT 0;

CREATE TABLE "history_seals" (
    "engagement_id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "sequence" INTEGER NOT NULL,
    "nonce" BLOB NOT NULL,
    "public_part" TEXT NOT NULL,
    "private_digest" BLOB NOT NULL,
    "hash" BLOB NOT NULL,
    CONSTRAINT "PK_history_seals" PRIMARY KEY ("engagement_id", "number")
);

CREATE TABLE "log_readers" (
    "name" TEXT NOT NULL CONSTRAINT "PK_log_readers" PRIMARY KEY,
    "transaction_id" INTEGER NOT NULL,
    "sequence" INTEGER NOT NULL
);

CREATE TABLE "notices" (
    "id" TEXT NOT NULL CONSTRAINT "PK_notices" PRIMARY KEY,
    "organization_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "created_at" INTEGER NOT NULL,
    "subject_id" TEXT NOT NULL,
    "text" TEXT NOT NULL
);

CREATE TABLE "shared_state" (
    "name" TEXT NOT NULL CONSTRAINT "PK_shared_state" PRIMARY KEY,
    "stamp" TEXT NOT NULL
);

CREATE TABLE "webhook_deliveries" (
    "sequence" INTEGER NOT NULL CONSTRAINT "PK_webhook_deliveries" PRIMARY KEY AUTOINCREMENT,
    "event_id" TEXT NOT NULL,
    "subscription_id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "referral_id" TEXT NULL,
    "name" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "due_at" INTEGER NOT NULL,
    "attempts" INTEGER NOT NULL,
    "created_at" INTEGER NOT NULL,
    "log" TEXT NOT NULL
);

CREATE TABLE "webhook_events" (
    "id" TEXT NOT NULL CONSTRAINT "PK_webhook_events" PRIMARY KEY,
    "created_at" INTEGER NOT NULL,
    "body" BLOB NOT NULL
);

CREATE TABLE "webhook_keys" (
    "thumbprint" TEXT NOT NULL CONSTRAINT "PK_webhook_keys" PRIMARY KEY,
    "protected_key" BLOB NOT NULL,
    "certificate" TEXT NOT NULL,
    "created_at" INTEGER NOT NULL
);

CREATE TABLE "webhook_subscriptions" (
    "id" TEXT NOT NULL CONSTRAINT "PK_webhook_subscriptions" PRIMARY KEY,
    "organization_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "events" TEXT NOT NULL,
    "uses_signature_header" INTEGER NOT NULL,
    "statuses" TEXT NOT NULL,
    "filter" TEXT NULL,
    "secret" BLOB NULL,
    "old_secret" BLOB NULL,
    "old_secret_until" INTEGER NULL,
    "state" TEXT NOT NULL,
    "paused_because" TEXT NULL,
    "failing_since" INTEGER NULL,
    "since_transaction" INTEGER NOT NULL,
    "since_sequence" INTEGER NOT NULL,
    "created_at" INTEGER NOT NULL,
    "leased_by" TEXT NULL,
    "leased_until" INTEGER NOT NULL
);

INSERT INTO "shared_state" ("name", "stamp")
VALUES ('directory', '00000000-0000-0000-0000-000000000000');
SELECT changes();

INSERT INTO "shared_state" ("name", "stamp")
VALUES ('tokens', '00000000-0000-0000-0000-000000000000');
SELECT changes();

INSERT INTO "shared_state" ("name", "stamp")
VALUES ('webhooks', '00000000-0000-0000-0000-000000000000');
SELECT changes();


CREATE INDEX "IX_referrals_organization_id_archives_at_id" ON "referrals" ("organization_id", "archives_at", "id") WHERE archives_at IS NOT NULL;

CREATE INDEX "IX_referrals_organization_id_campaign_id_created_at_id_archives_at" ON "referrals" ("organization_id", "campaign_id", "created_at", "id", "archives_at");

CREATE INDEX "IX_referrals_organization_id_closing_at_archives_at" ON "referrals" ("organization_id", "closing_at", "archives_at");

CREATE INDEX "IX_referrals_organization_id_country_created_at_id_archives_at" ON "referrals" ("organization_id", "country", "created_at", "id", "archives_at");

CREATE INDEX "IX_referrals_organization_id_created_at_id_archives_at" ON "referrals" ("organization_id", "created_at", "id", "archives_at");

CREATE INDEX "IX_referrals_organization_id_currency_created_at_id_archives_at" ON "referrals" ("organization_id", "currency", "created_at", "id", "archives_at");

CREATE INDEX "IX_referrals_organization_id_customer_name" ON "referrals" ("organization_id", "customer_name");

CREATE INDEX "IX_referrals_organization_id_deal_value_archives_at" ON "referrals" ("organization_id", "deal_value", "archives_at");

CREATE INDEX "IX_referrals_organization_id_direction_created_at_id_archives_at" ON "referrals" ("organization_id", "direction", "created_at", "id", "archives_at");

CREATE INDEX "IX_referrals_organization_id_favorite_created_at_id_archives_at" ON "referrals" ("organization_id", "favorite", "created_at", "id", "archives_at");

CREATE INDEX "IX_referrals_organization_id_invited_by_created_at_id_archives_at" ON "referrals" ("organization_id", "invited_by", "created_at", "id", "archives_at");

CREATE INDEX "IX_referrals_organization_id_mpn_id_created_at_id_archives_at" ON "referrals" ("organization_id", "mpn_id", "created_at", "id", "archives_at");

CREATE INDEX "IX_referrals_organization_id_name" ON "referrals" ("organization_id", "name");

CREATE INDEX "IX_referrals_organization_id_qualification_created_at_id_archives_at" ON "referrals" ("organization_id", "qualification", "created_at", "id", "archives_at");

CREATE INDEX "IX_referrals_organization_id_registration_status_created_at_id_archives_at" ON "referrals" ("organization_id", "registration_status", "created_at", "id", "archives_at");

CREATE INDEX "IX_referrals_organization_id_sales_stage_created_at_id_archives_at" ON "referrals" ("organization_id", "sales_stage", "created_at", "id", "archives_at");

CREATE INDEX "IX_referrals_organization_id_status_created_at_id_archives_at" ON "referrals" ("organization_id", "status", "created_at", "id", "archives_at");

CREATE INDEX "IX_referrals_organization_id_substatus_created_at_id_archives_at" ON "referrals" ("organization_id", "substatus", "created_at", "id", "archives_at");

CREATE INDEX "IX_referrals_organization_id_type_created_at_id_archives_at" ON "referrals" ("organization_id", "type", "created_at", "id", "archives_at");

CREATE INDEX "IX_referrals_organization_id_updated_at_id_archives_at" ON "referrals" ("organization_id", "updated_at", "id", "archives_at");

CREATE INDEX "IX_change_log_organization_id_transaction_id_sequence" ON "change_log" ("organization_id", "transaction_id", "sequence");

CREATE INDEX "IX_change_log_transaction_id_sequence" ON "change_log" ("transaction_id", "sequence");

CREATE INDEX "IX_notices_organization_id_created_at" ON "notices" ("organization_id", "created_at");

CREATE INDEX "IX_webhook_deliveries_event_id" ON "webhook_deliveries" ("event_id");

CREATE INDEX "ix_webhook_deliveries_failed" ON "webhook_deliveries" ("subscription_id", "sequence") WHERE state = 'Failed';

CREATE INDEX "ix_webhook_deliveries_log" ON "webhook_deliveries" ("subscription_id", "sequence");

CREATE INDEX "ix_webhook_deliveries_pending" ON "webhook_deliveries" ("subscription_id", "referral_id", "sequence") WHERE state = 'Pending';

CREATE INDEX "IX_webhook_deliveries_referral_id" ON "webhook_deliveries" ("referral_id");

CREATE INDEX "IX_webhook_events_created_at" ON "webhook_events" ("created_at");

CREATE INDEX "IX_webhook_subscriptions_organization_id" ON "webhook_subscriptions" ("organization_id");

CREATE UNIQUE INDEX "ux_webhook_registration" ON "webhook_subscriptions" ("organization_id", "kind") WHERE kind = 'PartnerCenter';

INSERT INTO "migrations" ("MigrationId", "ProductVersion")
VALUES ('20261126002512_QueriesFeedsAndWebhooks', '10.0.15');

COMMIT;

BEGIN TRANSACTION;
DROP TABLE "notices";

ALTER TABLE "referrals" ADD "solutions" TEXT NULL;

ALTER TABLE "locations" ADD "contact_email" TEXT NULL;

CREATE TABLE "admin_changes" (
    "sequence" INTEGER NOT NULL CONSTRAINT "PK_admin_changes" PRIMARY KEY AUTOINCREMENT,
    "organization_id" TEXT NOT NULL,
    "changed_at" INTEGER NOT NULL,
    "author_id" TEXT NULL,
    "author_name" TEXT NOT NULL,
    "client_id" TEXT NULL,
    "kind" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "target_id" TEXT NOT NULL,
    "target" TEXT NOT NULL,
    "change_values" TEXT NOT NULL
);

CREATE TABLE "imports" (
    "id" TEXT NOT NULL CONSTRAINT "PK_imports" PRIMARY KEY,
    "organization_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "caller" TEXT NOT NULL,
    "file_name" TEXT NOT NULL,
    "file_digest" TEXT NOT NULL,
    "columns" TEXT NOT NULL,
    "headers_digest" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "revision" INTEGER NOT NULL,
    "checked_to" INTEGER NOT NULL,
    "problem" TEXT NULL,
    "created_at" INTEGER NOT NULL,
    "leased_by" TEXT NULL,
    "leased_until" INTEGER NOT NULL
);

CREATE TABLE "notice_settings" (
    "user_id" TEXT NOT NULL CONSTRAINT "PK_notice_settings" PRIMARY KEY,
    "without_email" TEXT NOT NULL,
    "language" TEXT NULL
);

CREATE TABLE "personal_notices" (
    "id" TEXT NOT NULL CONSTRAINT "PK_personal_notices" PRIMARY KEY,
    "organization_id" TEXT NOT NULL,
    "user_id" TEXT NULL,
    "email" TEXT NULL,
    "kind" TEXT NOT NULL,
    "created_at" INTEGER NOT NULL,
    "referral_id" TEXT NULL,
    "subscription_id" TEXT NULL,
    "receiver" TEXT NULL,
    "deal_name" TEXT NULL,
    "partner_name" TEXT NULL,
    "reason" TEXT NULL,
    "expires_at" INTEGER NULL,
    "read_at" INTEGER NULL,
    "language" TEXT NOT NULL,
    "mail_state" TEXT NOT NULL,
    "mail_due_at" INTEGER NOT NULL,
    "mail_attempts" INTEGER NOT NULL,
    "mail_leased_until" INTEGER NOT NULL,
    "mail_answer" TEXT NULL,
    "is_digest" INTEGER NOT NULL
);

CREATE TABLE "routing_rules" (
    "id" TEXT NOT NULL CONSTRAINT "PK_routing_rules" PRIMARY KEY,
    "organization_id" TEXT NOT NULL,
    "solution_id" TEXT NOT NULL,
    "country" TEXT NOT NULL,
    "mpn_id" TEXT NOT NULL,
    CONSTRAINT "FK_routing_rules_organizations_organization_id" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON DELETE CASCADE
);

CREATE TABLE "saved_views" (
    "id" TEXT NOT NULL CONSTRAINT "PK_saved_views" PRIMARY KEY,
    "organization_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "owner_name" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "query" TEXT NOT NULL,
    "is_shared" INTEGER NOT NULL
);

CREATE TABLE "web_sessions" (
    "id" TEXT NOT NULL CONSTRAINT "PK_web_sessions" PRIMARY KEY,
    "content" BLOB NOT NULL,
    "version" INTEGER NOT NULL,
    "renewing_until" INTEGER NOT NULL,
    "expires_at" INTEGER NOT NULL
);

CREATE TABLE "import_rows" (
    "import_id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "cells" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "referral_id" TEXT NULL,
    "etag" TEXT NULL,
    "reverse" TEXT NULL,
    "faults" TEXT NULL,
    "changes" TEXT NULL,
    CONSTRAINT "PK_import_rows" PRIMARY KEY ("import_id", "number"),
    CONSTRAINT "FK_import_rows_imports_import_id" FOREIGN KEY ("import_id") REFERENCES "imports" ("id") ON DELETE CASCADE
);

CREATE INDEX "ix_webhook_deliveries_due" ON "webhook_deliveries" ("subscription_id", "due_at", "sequence") WHERE state = 'Pending';

CREATE INDEX "ix_webhook_deliveries_tests" ON "webhook_deliveries" ("organization_id", "sequence") WHERE name = 'test-created';

CREATE INDEX "IX_admin_changes_organization_id_sequence" ON "admin_changes" ("organization_id", "sequence");

CREATE INDEX "IX_import_rows_import_id_state_number" ON "import_rows" ("import_id", "state", "number");

CREATE INDEX "ix_imports_at_work" ON "imports" ("state") WHERE state IN ('Checking', 'Running', 'Undoing');

CREATE INDEX "IX_imports_created_at" ON "imports" ("created_at");

CREATE INDEX "IX_imports_user_id_created_at" ON "imports" ("user_id", "created_at");

CREATE INDEX "IX_personal_notices_created_at" ON "personal_notices" ("created_at");

CREATE INDEX "ix_personal_notices_mail" ON "personal_notices" ("mail_due_at") WHERE mail_state = 'Waiting';

CREATE INDEX "ix_personal_notices_unread" ON "personal_notices" ("user_id") WHERE read_at IS NULL;

CREATE INDEX "IX_personal_notices_user_id_created_at_id" ON "personal_notices" ("user_id", "created_at", "id");

CREATE UNIQUE INDEX "IX_routing_rules_organization_id_solution_id_country" ON "routing_rules" ("organization_id", "solution_id", "country");

CREATE INDEX "IX_saved_views_organization_id_user_id" ON "saved_views" ("organization_id", "user_id");

CREATE INDEX "IX_web_sessions_expires_at" ON "web_sessions" ("expires_at");

INSERT INTO "migrations" ("MigrationId", "ProductVersion")
VALUES ('20261126061139_TheWebApplication', '10.0.15');

COMMIT;

