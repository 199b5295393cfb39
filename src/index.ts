/** The library: what the command line does, for programs. */
export { findConfigFile, loadConfig } from './config/load.ts'
export type { FindRequest, LoadedConfig, LoadRequest } from './config/load.ts'
export type { Config, ConfigWarning, DatabaseConfig } from './config/config.ts'
export { check } from './commands/check.ts'
export type { CheckFinding, CheckReport } from './commands/check.ts'
export { clone } from './commands/clone.ts'
export type { CloneOptions, CloneReport } from './commands/clone.ts'
export type { CommandContext, Progress } from './commands/context.ts'
export { exportDatabase } from './commands/export.ts'
export type { ExportOptions, ExportReport } from './commands/export.ts'
export { init } from './commands/init.ts'
export type { InitOptions, InitPorts, InitResult } from './commands/init.ts'
export type { DatabaseReport, Failure, Outcome, RunReport, Warning } from './commands/report.ts'
export { restore } from './commands/restore.ts'
export type { RestoreOptions, RestoreReport } from './commands/restore.ts'
export type { RestorePlan } from './commands/restore-preview.ts'
export { snapshot } from './commands/snapshot.ts'
export type { SnapshotOptions } from './commands/snapshot-run.ts'
export { verify } from './commands/verify.ts'
export type { VerifyOptions, VerifyReport, VerifyResult } from './commands/verify.ts'
export { engineFor, urlSchemes } from './engines/index.ts'
export type {
  ConnectionRequest,
  Database,
  Engine,
  Finding,
  ReadRequest,
  TableSize,
} from './engines/engine.ts'
export { ExpectedError, exitStatus } from './errors.ts'
export type { ExitStatus } from './errors.ts'
export type * from './model.ts'
export type { Change } from './review/changes.ts'
