export const projectDirectory: string
export const cacheDirectory: string
export function postgresDirectory(major: number): string
export function debianTree(name: string): string
export function findProgram(name: string): string | undefined
export const regressionTree: string
