export { type Clock, systemClock } from "./clock.ts";
export { createRecorder, type Recorder, type RecorderOptions, type RecordingEnd } from "./recorder.ts";
export { type JournalRecovery, type RecoverJournalsOptions, recoverJournals } from "./recover-journals.ts";
export { createSyncGroup, type SyncGroup } from "./sync-group.ts";
