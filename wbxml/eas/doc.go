// Package eas holds ActiveSync's words: what a request to
// /Microsoft-Server-ActiveSync is (its envelope, from a plain or a base64
// query), and the few documents that push is made of: Ping, Sync's wait and
// sync keys, GetItemEstimate, FolderSync, and every status they answer with.
//
// It reads what devices and servers really send and never repairs it: a
// document that is not understood is an error, and the caller passes the bytes
// on as they came. It does not read mail, calendars or policies, opens no
// connection, keeps no state between two documents and knows no clock.
//
// Sections are those of [MS-ASCMD], [MS-ASHTTP], [MS-ASWBXML] and [MS-ASPROV].
//
// The words by file: command, envelope (query_plain, query_base64), device,
// ping_request, ping_response, sync_request, sync_response, clamp (a wait made
// shorter on its way, or refused), estimate, foldersync, status. Readers of whole bodies are called ParseX; the two for
// streams of any size are [SyncRequestReader] and [SyncResponseReader].
package eas
