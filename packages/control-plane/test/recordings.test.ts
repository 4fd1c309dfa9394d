import type { SessionEvent } from "@tidewaiter/core";
import { createSegmentWriter, encodeEvents, NO_PREVIOUS_HASH } from "@tidewaiter/core/recording/segment";
import { expect, it } from "vitest";
import { primitives } from "../src/blobs/index.ts";
import { startHarness } from "./running.ts";
import { COUNTERS, openSession, setTheScene } from "./scene.ts";
