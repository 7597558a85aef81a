using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;
using Tandem.Client;
using Tandem.Contracts.Bulk;
using Tandem.Web.Shared;

namespace Tandem.Web.Bulk;

/// <summary>Sends a file, and lists those that were sent before.</summary>
public sealed partial class ImportsPage : IDisposable
{
    private const long MostBytes = 16 * 1024 * 1024;

    private readonly CancellationTokenSource _leaving = new();
    private IReadOnlyList<Import> _imports = [];
    private string _name = "";
    private string? _complaint;
    private bool _isBusy;

    [Inject]
    private TandemClient Tandem { get; set; } = null!;

    [Inject]
    private Viewer Viewer { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    /// <inheritdoc />
    public void Dispose()
    {
        _leaving.Cancel();
        _leaving.Dispose();
    }

    private async Task Load(CancellationToken cancellation) => _imports = await Tandem.Bulk.ListAsync(cancellation);

    private async Task Send(InputFileChangeEventArgs chosen)
    {
        if (_isBusy)
            return;
        (_isBusy, _name, _complaint) = (true, chosen.File.Name, null);
        StateHasChanged();
        try
        {
            if (chosen.File.Size > MostBytes)
            {
                _complaint = Text["TooLarge"];
                return;
            }

            using var bytes = new MemoryStream();
            await using (var file = chosen.File.OpenReadStream(MostBytes, _leaving.Token))
                await file.CopyToAsync(bytes, _leaving.Token);
            var import = await Tandem.Bulk.SendAsync(bytes.ToArray(), chosen.File.Name, cancellation: _leaving.Token);
            Navigation.NavigateTo($"import/{import.Id}");
        }
        catch (TandemException refused)
        {
            _complaint = refused.Say();
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
        {
            _complaint = Text["NotSent"];
        }
        finally
        {
            _isBusy = false;
        }
    }
}
