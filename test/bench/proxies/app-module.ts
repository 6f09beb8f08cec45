import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Answers what the bench asks for, with as many bytes as its destinations. */
const text = [
  'export default async (app, { path, bodyBytes }) => {',
  "  const body = 'a'.repeat(bodyBytes)",
  "  app.get(path, async (_request, reply) => reply.type('text/plain').send(body))",
  '}',
].join('\n')

/** Writes the module of the benched App into a folder of its own below `dir`, which is given back. */
export const writeAppModule = (dir: string): string => {
  const folder = join(dir, 'apps')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'answers.js'), text)
  return folder
}
