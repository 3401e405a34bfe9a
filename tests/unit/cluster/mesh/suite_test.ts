import { directorySuite } from "../../../kit/cases/directory_suite.ts";
import { MeshStage } from "../../../kit/engine/mesh_stage.ts";

directorySuite("mesh", () => Promise.resolve(new MeshStage()));
directorySuite("both: the engine's, then the mesh's", () => Promise.resolve(new MeshStage(true)));
