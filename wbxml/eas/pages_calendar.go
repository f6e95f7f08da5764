package eas

// Pages of calendar items, meeting answers, tasks and notes.

// wordsCalendar is code page 4 (MS-ASWBXML 2.1.2.1.5).
// CompressedRTF is only in old editions.
var wordsCalendar = words{"Calendar", [tagLimit]string{
	0x05: "Timezone", "AllDayEvent", "Attendees", "Attendee", "Email", "Name", "Body", "BodyTruncated",
	0x0D: "BusyStatus", "Categories", "Category", "CompressedRTF", "DtStamp", "EndTime", "Exception",
	0x14: "Exceptions", "Deleted", "ExceptionStartTime", "Location", "MeetingStatus", "OrganizerEmail",
	0x1A: "OrganizerName", "Recurrence", "Type", "Until", "Occurrences", "Interval", "DayOfWeek",
	0x21: "DayOfMonth", "WeekOfMonth", "MonthOfYear", "Reminder", "Sensitivity", "Subject", "StartTime",
	0x28: "UID", "AttendeeStatus", "AttendeeType",
	0x33: "DisallowNewTimeProposal", "ResponseRequested", "AppointmentReplyTime", "ResponseType",
	0x37: "CalendarType", "IsLeapMonth", "FirstDayOfWeek", "OnlineMeetingConfLink",
	0x3B: "OnlineMeetingExternalLink", "ClientUid",
}}

// wordsMeetingResponse is code page 8 (MS-ASWBXML 2.1.2.1.9).
// Version is only in old editions.
var wordsMeetingResponse = words{"MeetingResponse", [tagLimit]string{
	0x05: "CalendarId", "CollectionId", "MeetingResponse", "RequestId", "Request", "Result", "Status",
	0x0C: "UserResponse", "Version", "InstanceId",
	0x10: "ProposedStartTime", "ProposedEndTime", "SendResponse",
}}

// wordsTasks is code page 9 (MS-ASWBXML 2.1.2.1.10).
// CompressedRTF is only in old editions.
var wordsTasks = words{"Tasks", [tagLimit]string{
	0x05: "Body", "BodySize", "BodyTruncated", "Categories", "Category", "Complete", "DateCompleted",
	0x0C: "DueDate", "UtcDueDate", "Importance", "Recurrence", "Type", "Start", "Until", "Occurrences",
	0x14: "Interval", "DayOfMonth", "DayOfWeek", "WeekOfMonth", "MonthOfYear", "Regenerate", "DeadOccur",
	0x1B: "ReminderSet", "ReminderTime", "Sensitivity", "StartDate", "UtcStartDate", "Subject",
	0x21: "CompressedRTF", "OrdinalDate", "SubOrdinalDate", "CalendarType", "IsLeapMonth", "FirstDayOfWeek",
}}

// wordsNotes is code page 23 (MS-ASWBXML 2.1.2.1.24).
var wordsNotes = words{"Notes", [tagLimit]string{
	0x05: "Subject", "MessageClass", "LastModifiedDate", "Categories", "Category",
}}
