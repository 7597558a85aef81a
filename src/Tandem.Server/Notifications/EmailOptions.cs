using System.ComponentModel.DataAnnotations;
using MimeKit;

namespace Tandem.Server.Notifications;

/// <summary>How the connection to the mail server is secured.</summary>
internal enum EmailSecurity
{
    /// <summary>TLS from the command STARTTLS on, which the server has to know.</summary>
    StartTls,

    /// <summary>TLS from the beginning.</summary>
    Tls,

    /// <summary>Nothing is secured.</summary>
    None,
}

/// <summary>Settings below <c>Tandem:Email</c>; without a host no e-mail is sent (B59).</summary>
internal sealed class EmailOptions : IValidatableObject
{
    /// <summary>The mail server.</summary>
    public string? Host { get; set; }

    /// <summary>Its port; 587, 465 or 25 by the security if absent.</summary>
    [Range(1, 65535)]
    public int? Port { get; set; }

    /// <summary>Whom to sign in as; nobody if absent.</summary>
    public string? User { get; set; }

    public string? Password { get; set; }

    /// <summary>Who the messages come from: <c>Tandem &lt;tandem@contoso.example&gt;</c>.</summary>
    public string? From { get; set; }

    [EnumDataType(typeof(EmailSecurity))]
    public EmailSecurity Security { get; set; } = EmailSecurity.StartTls;

    public bool IsConfigured => !string.IsNullOrWhiteSpace(Host);

    public int PortInUse => Port ?? Security switch
    {
        EmailSecurity.StartTls => 587,
        EmailSecurity.Tls => 465,
        EmailSecurity.None => 25,
    };

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!IsConfigured)
            yield break;
        if (!IsAddress(From))
        {
            yield return new(
                "Tandem:Email:From must be an address such as \"Tandem <tandem@contoso.example>\" where Host is set.", [nameof(From)]);
        }

        if (!string.IsNullOrEmpty(User) && string.IsNullOrEmpty(Password))
            yield return new("Tandem:Email:Password is missing; it goes with User.", [nameof(Password)]);
    }

    // Apart, so that a server without e-mail loads no library for it.
    private static bool IsAddress(string? text) =>
        MailboxAddress.TryParse(text, out var address) && address.Address.Contains('@', StringComparison.Ordinal);
}
