package lab

import "net/http"

const (
	protocolVersions = "2.0,2.1,2.5,12.0,12.1,14.0,14.1,16.0,16.1"
	protocolCommands = "Sync,SendMail,SmartForward,SmartReply,GetAttachment,FolderSync,GetItemEstimate," +
		"Search,Settings,Ping,ItemOperations,Provision"
)

// options says what the server speaks (MS-ASHTTP 2.2.3).
func options() *answer {
	a := empty()
	a.header = http.Header{
		"Allow":                 {"OPTIONS,POST"},
		"Public":                {"OPTIONS,POST"},
		"MS-ASProtocolVersions": {protocolVersions},
		"MS-ASProtocolCommands": {protocolCommands},
	}
	return a
}
