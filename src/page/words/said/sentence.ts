/** A sentence of the node and its French: `{name}` takes what stands there, `{said}`, `{said2}` another sentence; `one | several` is chosen by `{n}`. */
export type Sentence = readonly [english: string, french: string]
