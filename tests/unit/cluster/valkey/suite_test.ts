import { directorySuite } from "../../../kit/cases/directory_suite.ts";
import { SimulatedStage } from "../../../kit/engine/simulated_stage.ts";

directorySuite("valkey", () => Promise.resolve(new SimulatedStage()));
