CREATE TRIGGER "phones_touch_updated_at" BEFORE UPDATE ON "portcullis"."phones" FOR EACH ROW EXECUTE FUNCTION "portcullis"."touch_updated_at"();
