package eas

// Pages of mail: its properties, bodies, sending, fetching and rights.

// wordsEmail is code page 2 (MS-ASWBXML 2.1.2.1.3).
// AttRemoved is only in old editions.
var wordsEmail = words{"Email", [tagLimit]string{
	0x05: "Attachment", "Attachments", "AttName", "AttSize", "Att0id", "AttMethod", "AttRemoved", "Body",
	0x0D: "BodySize", "BodyTruncated", "DateReceived", "DisplayName", "DisplayTo", "Importance",
	0x13: "MessageClass", "Subject", "Read", "To", "Cc", "From", "ReplyTo", "AllDayEvent", "Categories",
	0x1C: "Category", "DtStamp", "EndTime", "InstanceType", "BusyStatus", "Location", "MeetingRequest",
	0x23: "Organizer", "RecurrenceId", "Reminder", "ResponseRequested", "Recurrences", "Recurrence", "Type",
	0x2A: "Until", "Occurrences", "Interval", "DayOfWeek", "DayOfMonth", "WeekOfMonth", "MonthOfYear",
	0x31: "StartTime", "Sensitivity", "TimeZone", "GlobalObjId", "ThreadTopic", "MIMEData", "MIMETruncated",
	0x38: "MIMESize", "InternetCPID", "Flag", "Status", "ContentClass", "FlagType", "CompleteTime",
	0x3F: "DisallowNewTimeProposal",
}}

// wordsEmail2 is code page 22 (MS-ASWBXML 2.1.2.1.23).
var wordsEmail2 = words{"Email2", [tagLimit]string{
	0x05: "UmCallerID", "UmUserNotes", "UmAttDuration", "UmAttOrder", "ConversationId", "ConversationIndex",
	0x0B: "LastVerbExecuted", "LastVerbExecutionTime", "ReceivedAsBcc", "Sender", "CalendarType",
	0x10: "IsLeapMonth", "AccountId", "FirstDayOfWeek", "MeetingMessageType",
	0x15: "IsDraft", "Bcc", "Send",
}}

// wordsComposeMail is code page 21 (MS-ASWBXML 2.1.2.1.22).
// Type is only in old editions.
var wordsComposeMail = words{"ComposeMail", [tagLimit]string{
	0x05: "SendMail", "SmartForward", "SmartReply", "SaveInSentItems", "ReplaceMime", "Type", "Source",
	0x0C: "FolderId", "ItemId", "LongId", "InstanceId", "Mime", "ClientId", "Status", "AccountId",
	0x15: "Forwardees", "Forwardee", "ForwardeeName", "ForwardeeEmail",
}}

// wordsAirSyncBase is code page 17 (MS-ASWBXML 2.1.2.1.18).
var wordsAirSyncBase = words{"AirSyncBase", [tagLimit]string{
	0x05: "BodyPreference", "Type", "TruncationSize", "AllOrNone",
	0x0A: "Body", "Data", "EstimatedDataSize", "Truncated", "Attachments", "Attachment", "DisplayName",
	0x11: "FileReference", "Method", "ContentId", "ContentLocation", "IsInline", "NativeBodyType",
	0x17: "ContentType", "Preview", "BodyPartPreference", "BodyPart", "Status", "Add", "Delete", "ClientId",
	0x1F: "Content", "Location", "Annotation", "Street", "City", "State", "Country", "PostalCode",
	0x27: "Latitude", "Longitude", "Accuracy", "Altitude", "AltitudeAccuracy", "LocationUri", "InstanceId",
}}

// wordsItemOperations is code page 20 (MS-ASWBXML 2.1.2.1.21).
var wordsItemOperations = words{"ItemOperations", [tagLimit]string{
	0x05: "ItemOperations", "Fetch", "Store", "Options", "Range", "Total", "Properties", "Data", "Status",
	0x0E: "Response", "Version", "Schema", "Part", "EmptyFolderContents", "DeleteSubFolders", "UserName",
	0x15: "Password", "Move", "DstFldId", "ConversationId", "MoveAlways",
}}

// wordsRightsManagement is code page 24 (MS-ASWBXML 2.1.2.1.25).
var wordsRightsManagement = words{"RightsManagement", [tagLimit]string{
	0x05: "RightsManagementSupport", "RightsManagementTemplates", "RightsManagementTemplate",
	0x08: "RightsManagementLicense", "EditAllowed", "ReplyAllowed", "ReplyAllAllowed", "ForwardAllowed",
	0x0D: "ModifyRecipientsAllowed", "ExtractAllowed", "PrintAllowed", "ExportAllowed",
	0x11: "ProgrammaticAccessAllowed", "Owner", "ContentExpiryDate", "TemplateID", "TemplateName",
	0x16: "TemplateDescription", "ContentOwner", "RemoveRightsManagementProtection",
}}
