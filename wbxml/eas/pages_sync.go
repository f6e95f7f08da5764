package eas

// Pages of the commands that move folders and items: Sync, MoveItems, GetItemEstimate, FolderSync and its kin, Ping.

// wordsAirSync is code page 0 (MS-ASWBXML 2.1.2.1.1).
// Version, RTFTruncation and NotifyGUID are only in old editions.
var wordsAirSync = words{"AirSync", [tagLimit]string{
	0x05: "Sync", "Responses", "Add", "Change", "Delete", "Fetch", "SyncKey", "ClientId", "ServerId",
	0x0E: "Status", "Collection", "Class", "Version", "CollectionId", "GetChanges", "MoreAvailable",
	0x15: "WindowSize", "Commands", "Options", "FilterType", "Truncation", "RTFTruncation", "Conflict",
	0x1C: "Collections", "ApplicationData", "DeletesAsMoves", "NotifyGUID", "Supported", "SoftDelete",
	0x22: "MIMESupport", "MIMETruncation", "Wait", "Limit", "Partial", "ConversationMode", "MaxItems",
	0x29: "HeartbeatInterval",
}}

// wordsMove is code page 5 (MS-ASWBXML 2.1.2.1.6).
var wordsMove = words{"Move", [tagLimit]string{
	0x05: "MoveItems", "Move", "SrcMsgId", "SrcFldId", "DstFldId", "Response", "Status", "DstMsgId",
}}

// wordsGetItemEstimate is code page 6 (MS-ASWBXML 2.1.2.1.7).
// Version and DateTime are only in old editions.
var wordsGetItemEstimate = words{"GetItemEstimate", [tagLimit]string{
	0x05: "GetItemEstimate", "Version", "Collections", "Collection", "Class", "CollectionId", "DateTime",
	0x0C: "Estimate", "Response", "Status",
}}

// wordsFolderHierarchy is code page 7 (MS-ASWBXML 2.1.2.1.8).
// Response, ContentClass and Version are only in old editions.
var wordsFolderHierarchy = words{"FolderHierarchy", [tagLimit]string{
	0x05: "Folders", "Folder", "DisplayName", "ServerId", "ParentId", "Type", "Response", "Status",
	0x0D: "ContentClass", "Changes", "Add", "Delete", "Update", "SyncKey", "FolderCreate", "FolderDelete",
	0x15: "FolderUpdate", "FolderSync", "Count", "Version",
}}

// wordsPing is code page 13 (MS-ASWBXML 2.1.2.1.14).
// AutdState is only in old editions.
var wordsPing = words{"Ping", [tagLimit]string{
	0x05: "Ping", "AutdState", "Status", "HeartbeatInterval", "Folders", "Folder", "Id", "Class",
	0x0D: "MaxFolders",
}}

// wordsAirNotify is code page 3 (MS-ASWBXML 2.1.2.1.4), retired. The names are those of its first edition; devices
// that were woken by SMS (2.0, 2.5) used them.
var wordsAirNotify = words{"AirNotify", [tagLimit]string{
	0x05: "Notify", "Notification", "Version", "LifeTime", "DeviceInfo", "Enable", "Folder", "ServerId",
	0x0D: "DeviceAddress", "ValidCarrierProfiles", "CarrierProfile", "Status", "Responses", "Devices",
	0x13: "Device", "Id", "Expiry", "NotifyGUID", "DeviceFriendlyName",
}}
