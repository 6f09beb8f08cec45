/** What the author of an App imports: package export `fairway/app`. */
export { buildApp } from './build-app.ts'
export type { AppOptions, AppPlugin } from './build-app.ts'
