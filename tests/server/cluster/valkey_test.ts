import { directorySuite } from "../../kit/cases/directory_suite.ts";
import { RedisStage } from "../../kit/redis_stage.ts";
import { isInstalled } from "../../kit/tools.ts";

if (isInstalled("redis-server")) directorySuite("redis", () => RedisStage.open());
else Deno.test({ name: "redis directory (not installed: redis-server)", ignore: true, fn() {} });
