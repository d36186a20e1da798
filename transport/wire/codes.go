package wire

// Codes are all the codes that there are.
func Codes() []Code {
	return []Code{
		CodeMalformed, CodeInvalidUTF8, CodeSessionInvalid, CodeSessionRequired, CodeSessionOver,
		CodeCrossOrigin, CodeWrongHost, CodeTokenInURL, CodeNotAllowed, CodeNameFixed, CodeNotPresent,
		CodeNotFound, CodeMethodNotAllowed, CodeTooLarge, CodeUnsupported, CodeConflict,
		CodeInvalidField, CodeKeyReused, CodeUnknownCommand, CodeUpgradeRequired, CodeTooMuch,
		CodeBusy, CodeTooSlow, CodeLeft, CodeInternal, CodeUnavailable, CodeGoingAway, CodeGone,
		CodeFilesFull, CodeInfected, CodeFilesUnavailable, CodeStalled, CodeWrongProtocol,
		CodeNoSuchRange, CodePasswordRequired, CodeInviteRequired, CodeWrongPassword, CodeWrongInvite, CodeLocked,
		CodeFull, CodeBanned, CodeRemoved, CodeMuted, CodeRoomClosed, CodeSlowMode,
		CodeVersionMismatch,
	}
}
