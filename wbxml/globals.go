package wbxml

// The bytes that structure a document (MS-ASWBXML 2.1.3; WAP-192-WBXML 7.1).
const (
	tokSwitchPage = 0x00
	tokEnd        = 0x01
	tokStrI       = 0x03
	tokOpaque     = 0xC3

	firstTag     = 0x05 // below it, in each quarter of the byte range, stand the global tokens
	tagMask      = 0x3F
	contentBit   = 0x40
	attributeBit = 0x80
)

// unusedGlobals are the global tokens that MS-ASWBXML 2.1.3 excludes. They are refused by name: to skip them one
// would have to trust their lengths and table offsets, which is where other decoders were broken.
var unusedGlobals = map[byte]string{
	0x02: "ENTITY",
	0x04: "LITERAL", 0x44: "LITERAL_C", 0x84: "LITERAL_A", 0xC4: "LITERAL_AC",
	0x40: "EXT_I_0", 0x41: "EXT_I_1", 0x42: "EXT_I_2",
	0x43: "PI",
	0x80: "EXT_T_0", 0x81: "EXT_T_1", 0x82: "EXT_T_2",
	0x83: "STR_T",
	0xC0: "EXT_0", 0xC1: "EXT_1", 0xC2: "EXT_2",
}
