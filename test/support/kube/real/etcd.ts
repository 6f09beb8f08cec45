/** etcd by its JSON gateway. */

const ask = async (port: number, path: string, body: object): Promise<unknown> => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`etcd ${path}: ${response.status} ${await response.text()}`)
  return response.json()
}

/** Forgets every revision but the present one. */
export const compactEtcd = async (port: number): Promise<void> => {
  // etcd's own answer, which has a header with the revision as text.
  const found = (await ask(port, '/v3/kv/range', { key: Buffer.from('/').toString('base64') })) as {
    readonly header: { readonly revision: string }
  }
  await ask(port, '/v3/kv/compaction', { revision: found.header.revision, physical: true })
}
