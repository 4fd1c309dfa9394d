import crypto from "node:crypto";
import zlib from "node:zlib";
import { segmentPrimitives } from "@tidewaiter/core/recording/primitives";

/** The segment format's primitives, by node's own modules. */
export const primitives = segmentPrimitives(crypto, zlib);
