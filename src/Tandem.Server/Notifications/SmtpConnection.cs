using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace Tandem.Server.Notifications;

/// <summary>How an attempt ended.</summary>
internal enum SendOutcome
{
    /// <summary>The mail server has taken the message.</summary>
    Taken,

    /// <summary>It will never take it.</summary>
    Refused,

    /// <summary>It may take it later.</summary>
    Later,

    /// <summary>There is no way to the mail server now: nothing else goes either.</summary>
    Unreachable,
}

/// <param name="Outcome">How it ended.</param>
/// <param name="Answer">What the mail server, or the connection to it, said.</param>
internal sealed record SendResult(SendOutcome Outcome, string Answer);

/// <summary>The connection to the mail server, opened by the first message; for one sender at a time.</summary>
internal sealed class SmtpConnection(EmailOptions options) : IDisposable
{
    private const int LongestAnswer = 500;

    // An attempt ends before the lease of its message does.
    private static readonly TimeSpan LongestAttempt = EmailQueue.LeaseTime / 2;

    private readonly SmtpClient _client = new() { Timeout = (int)LongestAttempt.TotalMilliseconds };

    public async Task<SendResult> Send(MimeMessage message, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(LongestAttempt);
        var isConnected = false;
        try
        {
            if (!_client.IsConnected)
                await Connect(limit.Token);
            isConnected = true;
            return new(SendOutcome.Taken, Clean(await _client.SendAsync(message, limit.Token)));
        }
        catch (SmtpCommandException refused)
        {
            // A sender or a login that is not liked is the operator's to mend; a recipient that is unknown stays so.
            var isFinal = (int)refused.StatusCode >= 500
                && refused.ErrorCode is SmtpErrorCode.RecipientNotAccepted or SmtpErrorCode.MessageNotAccepted;
            // Half a connection, such as one without its login, serves nobody.
            if (!isConnected)
                await _client.DisconnectAsync(quit: false, CancellationToken.None);
            return new(!isConnected ? SendOutcome.Unreachable : isFinal ? SendOutcome.Refused : SendOutcome.Later,
                Clean($"{(int)refused.StatusCode} {refused.Message}"));
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            // Networks, certificates and servers fail in more ways than a list has room for: each is a message that waits,
            // and none the end of the server.
            var why = failure is OperationCanceledException or TimeoutException
                ? $"The mail server did not answer within {LongestAttempt.TotalSeconds:0} seconds."
                : failure.Message;
            await _client.DisconnectAsync(quit: false, CancellationToken.None);
            return new(SendOutcome.Unreachable, Clean(why));
        }
    }

    /// <summary>Says goodbye, if there is somebody to hear it.</summary>
    public async Task Close()
    {
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            await _client.DisconnectAsync(quit: true, limit.Token);
        }
        catch (Exception gone) when (gone is IOException or ProtocolException or CommandException or OperationCanceledException)
        {
            // Gone already, or not to be waited for: without a word.
            await _client.DisconnectAsync(quit: false, CancellationToken.None);
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task Connect(CancellationToken cancellation)
    {
        await _client.ConnectAsync(options.Host!, options.PortInUse, options.Security switch
        {
            EmailSecurity.StartTls => SecureSocketOptions.StartTls,
            EmailSecurity.Tls => SecureSocketOptions.SslOnConnect,
            EmailSecurity.None => SecureSocketOptions.None,
        }, cancellation);
        if (!string.IsNullOrEmpty(options.User))
            await _client.AuthenticateAsync(options.User, options.Password ?? "", cancellation);
    }

    // Of one line, whatever the mail server says.
    private static string Clean(string? text)
    {
        var line = string.Join(' ', (text ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        line = string.Concat(line.Where(c => !char.IsControl(c)));
        return line.Length <= LongestAnswer ? line : line[..LongestAnswer];
    }
}
