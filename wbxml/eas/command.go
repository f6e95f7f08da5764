package eas

import "strings"

// Command is an ActiveSync command. The values are the command codes of the
// base64 query (MS-ASHTTP 2.2.1.1.1.1.2).
type Command uint8

// The commands. 5 to 8 are unassigned: the old hierarchy commands such as
// GetHierarchy exist by name only.
const (
	CommandSync              Command = 0
	CommandSendMail          Command = 1
	CommandSmartForward      Command = 2
	CommandSmartReply        Command = 3
	CommandGetAttachment     Command = 4
	CommandFolderSync        Command = 9
	CommandFolderCreate      Command = 10
	CommandFolderDelete      Command = 11
	CommandFolderUpdate      Command = 12
	CommandMoveItems         Command = 13
	CommandGetItemEstimate   Command = 14
	CommandMeetingResponse   Command = 15
	CommandSearch            Command = 16
	CommandSettings          Command = 17
	CommandPing              Command = 18
	CommandItemOperations    Command = 19
	CommandProvision         Command = 20
	CommandResolveRecipients Command = 21
	CommandValidateCert      Command = 22
	CommandFind              Command = 23 // 16.1 only

	// CommandUnknown is a code or name that is not in the table. Such a request
	// is forwarded like any other: a new command must not need a new proxy.
	CommandUnknown Command = 255
)

var commandNames = [...]string{
	CommandSync:              "Sync",
	CommandSendMail:          "SendMail",
	CommandSmartForward:      "SmartForward",
	CommandSmartReply:        "SmartReply",
	CommandGetAttachment:     "GetAttachment",
	CommandFolderSync:        "FolderSync",
	CommandFolderCreate:      "FolderCreate",
	CommandFolderDelete:      "FolderDelete",
	CommandFolderUpdate:      "FolderUpdate",
	CommandMoveItems:         "MoveItems",
	CommandGetItemEstimate:   "GetItemEstimate",
	CommandMeetingResponse:   "MeetingResponse",
	CommandSearch:            "Search",
	CommandSettings:          "Settings",
	CommandPing:              "Ping",
	CommandItemOperations:    "ItemOperations",
	CommandProvision:         "Provision",
	CommandResolveRecipients: "ResolveRecipients",
	CommandValidateCert:      "ValidateCert",
	CommandFind:              "Find",
}

// String is the name as it stands in a plain query, "Unknown" for anything
// that is not in the table. It is bounded, so it may be a metric label.
func (c Command) String() string {
	if int(c) < len(commandNames) && commandNames[c] != "" {
		return commandNames[c]
	}
	return "Unknown"
}

// ParseCommand finds a command by its name, in any case: IIS and the PHP
// servers do not care about it, so a device may write what it likes.
// It returns CommandUnknown and false for a name that is not in the table.
func ParseCommand(name string) (Command, bool) {
	for code, known := range commandNames {
		if known != "" && strings.EqualFold(name, known) {
			return Command(code), true
		}
	}
	return CommandUnknown, false
}
