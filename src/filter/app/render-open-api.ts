import * as s from '../../lib/schema.ts'

const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'trace', 'query'] as const

/** A page for people of an OpenAPI document, without scripts: each operation, with what it takes and what it gives. */
export const renderOpenApi = (document: object, documentPath: string): string => {
  const { info, paths } = fieldsOf(document)
  const { title, version, description } = fieldsOf(info)
  const operations = Object.entries(fieldsOf(paths)).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = fieldsOf(item)[method]
      return s.isPlainObject(operation) ? [renderOperation(method, path, operation)] : []
    }),
  )
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${text(title)}</title>
<style>${STYLE}</style></head>
<body><h1>${text(title)} <small>${text(version)}</small></h1>
${description === undefined ? '' : `<p>${text(description)}</p>\n`}<p><a href="${text(documentPath)}">OpenAPI document</a></p>
${operations.join('\n')}
</body></html>
`
}

const STYLE = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
section{border-top:1px solid #8884;padding:.5rem 0}h2{font-size:1.1rem}b{text-transform:uppercase}small{opacity:.7}
pre{background:#8881;padding:.5rem;overflow:auto;font-size:.85rem}table{border-collapse:collapse}td{padding:.1rem 1rem .1rem 0}`

const renderOperation = (method: string, path: string, operation: Readonly<Record<string, unknown>>): string => {
  const { summary, description, parameters, requestBody, responses } = operation
  const rows = (Array.isArray(parameters) ? parameters : []).map((parameter: unknown) => {
    const { name, in: place, required, schema, description: about } = fieldsOf(parameter)
    const facts = [place, required === true ? 'required' : 'optional', fieldsOf(schema)['type']]
    return `<tr><td><code>${text(name)}</code></td><td>${text(facts.filter(Boolean).join(', '))}</td><td>${text(about)}</td></tr>`
  })
  const answers = Object.entries(fieldsOf(responses)).map(
    ([status, response]) =>
      `<h3>${text(status)}: ${text(fieldsOf(response)['description'])}</h3>${renderContent(response)}`,
  )
  return `<section><h2><b>${method}</b> <code>${text(path)}</code> ${text(summary)}</h2>
${description === undefined ? '' : `<p>${text(description)}</p>`}${rows.length === 0 ? '' : `<table>${rows.join('')}</table>`}
${requestBody === undefined ? '' : `<h3>Body</h3>${renderContent(requestBody)}`}${answers.join('')}</section>`
}

const renderContent = (value: unknown): string =>
  Object.entries(fieldsOf(fieldsOf(value)['content']))
    .map(
      ([type, media]) =>
        `<small>${text(type)}</small><pre>${text(JSON.stringify(fieldsOf(media)['schema'], null, 2))}</pre>`,
    )
    .join('')

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> => (s.isPlainObject(value) ? value : {})

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const text = (value: unknown): string =>
  (typeof value === 'string' || typeof value === 'number' ? String(value) : '').replace(
    /[&<>"']/g,
    (found) => ESCAPES[found] ?? found,
  )
