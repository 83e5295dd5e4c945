/** DIMSE command sets byte by byte (PS3.7 6.3.1: implicit VR little endian, group 0000), for tests that need to get them wrong. */

export const NO_DATA_SET = 0x0101

/** Value of a command element: a number is US, text is padded to even length, a Buffer goes as it is. */
export type CommandValue = number | string | Buffer
/** Element number of group 0000 → value; undefined leaves it out. */
export type CommandElements = Readonly<Record<number, CommandValue | undefined>>

export function commandElement(element: number, value: CommandValue, options: { group?: number; length?: number } = {}): Buffer {
  let bytes: Buffer
  if (typeof value === 'number') {
    bytes = Buffer.alloc(2)
    bytes.writeUInt16LE(value & 0xffff)
  } else if (typeof value === 'string') {
    bytes = Buffer.from(value, 'latin1')
    if (bytes.length % 2 === 1) bytes = Buffer.concat([bytes, Buffer.from(isUidElement(element) ? '\0' : ' ')])
  } else {
    bytes = value
  }
  const header = Buffer.alloc(8)
  header.writeUInt16LE(options.group ?? 0, 0)
  header.writeUInt16LE(element, 2)
  header.writeUInt32LE((options.length ?? bytes.length) >>> 0, 4)
  return Buffer.concat([header, bytes])
}

const isUidElement = (element: number) => [0x0002, 0x0003, 0x1000, 0x1001].includes(element)

/** The elements in ascending order behind a right group length. @param groupLength another value, or null to leave (0000,0000) out */
export function commandSet(elements: CommandElements, groupLength?: number | null): Buffer {
  const parts = Object.entries(elements)
    .filter((entry): entry is [string, CommandValue] => entry[1] !== undefined)
    .map(([number, value]) => [Number(number), value] as const)
    .sort(([a], [b]) => a - b)
    .map(([number, value]) => commandElement(number, value))
  const body = Buffer.concat(parts)
  return groupLength === null ? body : Buffer.concat([groupLengthElement(groupLength ?? body.length), body])
}

export function groupLengthElement(length: number): Buffer {
  const value = Buffer.alloc(4)
  value.writeUInt32LE(length >>> 0)
  return commandElement(0x0000, value)
}

export const echoRequest = (messageId: number, more: CommandElements = {}): CommandElements => ({
  2: '1.2.840.10008.1.1',
  256: 0x0030,
  272: messageId,
  2048: NO_DATA_SET,
  ...more,
})

export const storeRequest = (messageId: number, sopClass: string, sopInstance: string, more: CommandElements = {}): CommandElements => ({
  2: sopClass,
  256: 0x0001,
  272: messageId,
  1792: 0,
  2048: 1,
  4096: sopInstance,
  ...more,
})

export const findRequest = (messageId: number, sopClass: string, more: CommandElements = {}): CommandElements => ({
  2: sopClass,
  256: 0x0020,
  272: messageId,
  1792: 0,
  2048: 1,
  ...more,
})

export const moveRequest = (messageId: number, sopClass: string, destination: string, more: CommandElements = {}): CommandElements => ({
  2: sopClass,
  256: 0x0021,
  272: messageId,
  1536: destination,
  1792: 0,
  2048: 1,
  ...more,
})

export const getRequest = (messageId: number, sopClass: string, more: CommandElements = {}): CommandElements => ({
  2: sopClass,
  256: 0x0010,
  272: messageId,
  1792: 0,
  2048: 1,
  ...more,
})

export const cancelRequest = (messageId: number): CommandElements => ({ 256: 0x0fff, 288: messageId, 2048: NO_DATA_SET })

/** A command set as received. */
export class ReceivedCommand {
  readonly elements: ReadonlyMap<number, Buffer>

  constructor(bytes: Buffer) {
    const elements = new Map<number, Buffer>()
    let at = 0
    while (at + 8 <= bytes.length) {
      const length = bytes.readUInt32LE(at + 4)
      if (bytes.readUInt16LE(at) === 0) elements.set(bytes.readUInt16LE(at + 2), bytes.subarray(at + 8, at + 8 + length))
      at += 8 + length
    }
    this.elements = elements
  }

  number(element: number): number | undefined {
    return this.elements.get(element)?.readUInt16LE(0)
  }

  text(element: number): string | undefined {
    return this.elements
      .get(element)
      ?.toString('latin1')
      .replace(/[\0 ]+$/, '')
  }

  get field(): number {
    return this.number(0x0100) ?? -1
  }
  get status(): number {
    return this.number(0x0900) ?? -1
  }
  get respondedTo(): number | undefined {
    return this.number(0x0120)
  }
  get errorComment(): string | undefined {
    return this.text(0x0902)
  }
  get hasDataSet(): boolean {
    return this.number(0x0800) !== NO_DATA_SET
  }
  get suboperations(): { remaining?: number; completed?: number; failed?: number; warning?: number } {
    return { remaining: this.number(0x1020), completed: this.number(0x1021), failed: this.number(0x1022), warning: this.number(0x1023) }
  }
}
