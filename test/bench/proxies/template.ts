/** Fills `${name}` in a configuration file; other dollar signs are left alone, a name without a value is an error. */
export const fillTemplate = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replaceAll(/\$\{(\w+)\}/g, (_whole, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`the template wants ${name}, which has no value`)
    return value
  })
