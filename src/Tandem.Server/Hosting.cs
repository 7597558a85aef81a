using System.ComponentModel.DataAnnotations;

namespace Tandem.Server;

/// <summary>For whom the server runs.</summary>
internal enum TandemMode
{
    /// <summary>For integrators: seeded data, any client id, loopback webhooks.</summary>
    Emulator,

    /// <summary>For companies: empty, registered clients, public webhooks only.</summary>
    Exchange,
}

/// <summary>Settings below <c>Tandem:</c>.</summary>
internal sealed class TandemOptions
{
    /// <summary>For whom the server runs.</summary>
    [EnumDataType(typeof(TandemMode))]
    public TandemMode Mode { get; set; } = TandemMode.Emulator;

    /// <summary>Where the embedded database lies.</summary>
    [Required]
    public string DataDirectory { get; set; } = Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
        "tandem");

    /// <summary>Address that clients reach, when the server stands behind a proxy; else the request's own host is used.</summary>
    public Uri? PublicUrl { get; set; }

    /// <summary>How long the database may look for the answer to one list; longer ones are refused.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:10:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan QueryTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>What the emulator starts with.</summary>
    public EmulatorOptions Emulator { get; set; } = new();

    public bool IsEmulator => Mode == TandemMode.Emulator;
}

/// <summary>Settings below <c>Tandem:Emulator</c>.</summary>
internal sealed class EmulatorOptions
{
    /// <summary><c>default</c> for the three documented organizations, <c>empty</c> for none.</summary>
    [RegularExpression("(?i)default|empty")]
    public string Seed { get; set; } = "default";
}
