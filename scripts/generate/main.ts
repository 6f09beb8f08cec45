/** `npm run generate`: writes what is made from schemas and doc comments. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { createGeneratedFiles } from './generated-files.ts'

const root = path.resolve(import.meta.dirname, '../..')

const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

for (const { path: name, text } of await createGeneratedFiles(root)) {
  const file = path.join(root, name)
  const isSame = read(file) === text
  if (!isSame) {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  process.stdout.write(`${isSame ? 'as it was' : 'written  '}  ${name}\n`)
}
