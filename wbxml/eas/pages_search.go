package eas

// Pages of searching.

// wordsSearch is code page 15 (MS-ASWBXML 2.1.2.1.16).
// Schema and Supported are only in old editions.
var wordsSearch = words{"Search", [tagLimit]string{
	0x05: "Search",
	0x07: "Store", "Name", "Query", "Options", "Range", "Status", "Response", "Result", "Properties",
	0x10: "Total", "EqualTo", "Value", "And", "Or", "FreeText",
	0x17: "DeepTraversal", "LongId", "RebuildResults", "LessThan", "GreaterThan", "Schema", "Supported",
	0x1E: "UserName", "Password", "ConversationId", "Picture", "MaxSize", "MaxPictures",
}}

// wordsDocumentLibrary is code page 19 (MS-ASWBXML 2.1.2.1.20).
var wordsDocumentLibrary = words{"DocumentLibrary", [tagLimit]string{
	0x05: "LinkId", "DisplayName", "IsFolder", "CreationDate", "LastModifiedDate", "IsHidden",
	0x0B: "ContentLength", "ContentType",
}}

// wordsFind is code page 25 (MS-ASWBXML 2.1.2.1.26).
var wordsFind = words{"Find", [tagLimit]string{
	0x05: "Find", "SearchId", "ExecuteSearch", "MailBoxSearchCriterion", "Query", "Status", "FreeText",
	0x0C: "Options", "Range", "DeepTraversal",
	0x11: "Response", "Result", "Properties", "Preview", "HasAttachments", "Total", "DisplayCc",
	0x18: "DisplayBcc", "GalSearchCriterion",
	0x20: "MaxPictures", "MaxSize", "Picture",
}}
