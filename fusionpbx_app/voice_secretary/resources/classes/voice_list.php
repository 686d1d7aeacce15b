<?php

/**
 * A list page's parameters, head and foot, as FusionPBX's lists have them.
 */
class voice_list {

	public $order_by;
	public $order;
	public $search;
	public $page;
	public $query_string;
	public $rows_per_page = 50;
	public $offset = 0;
	public $paging = '';
	public $paging_mini = '';
	private $param = [];

	/**
	 * @param array $columns that may be sorted by; the first is the default
	 * @param array $more    other parameters of the page, checked already
	 */
	public function __construct(array $columns, string $order = 'asc', array $more = []) {
		$get = $_GET;
		$this->page = is_string($get['page'] ?? null) && preg_match('/^\d{1,6}$/', $get['page']) ? (int) $get['page'] : 0;
		$this->order_by = in_array($get['order_by'] ?? '', $columns, true) ? $get['order_by'] : $columns[0];
		$this->order = in_array($get['order'] ?? '', ['asc', 'desc'], true) ? $get['order'] : $order;
		$this->search = voice_form::posted($get, 'search');
		foreach (['order_by', 'order'] as $name) {
			if (!empty($get[$name])) {
				$this->param[$name] = $this->$name;
			}
		}
		if ($this->search !== '') {
			$this->param['search'] = $this->search;
		}
		$this->param += array_filter($more, function ($value) { return $value !== '' && $value !== null; });
		$this->query_string = http_build_query($this->param);
	}

	/**
	 * A condition that finds the search in one of the columns; adds its parameter.
	 */
	public function searched(array $columns, array &$parameters): string {
		if ($this->search === '') {
			return '';
		}
		$parameters['search'] = '%'.str_replace(['\\', '%', '_'], ['\\\\', '\\%', '\\_'], mb_strtolower($this->search, 'UTF-8')).'%';
		return "and (".implode(' or ', array_map(function ($column) { return "lower(".$column.") like :search"; }, $columns)).") ";
	}

	public function paged($settings, int $count): void {
		$this->rows_per_page = (int) $settings->get('domain', 'paging', 50);
		[$this->paging, $this->rows_per_page] = paging($count, $this->query_string, $this->rows_per_page);
		[$this->paging_mini, $this->rows_per_page] = paging($count, $this->query_string, $this->rows_per_page, true);
		$this->offset = $this->rows_per_page * $this->page;
	}

	/**
	 * Where an action of the list leads back to.
	 */
	public function url(string $file): string {
		$query = $this->query_string.($this->page > 0 ? ($this->query_string === '' ? '' : '&').'page='.$this->page : '');
		return $file.($query === '' ? '' : '?'.$query);
	}

	/**
	 * @param array $actions may hold copy, toggle, delete: those that are allowed
	 * @param string $buttons escaped already
	 */
	public function head($settings, array $text, string $title, ?int $count, string $buttons, array $actions): void {
		echo "<div class='action_bar' id='action_bar'>\n";
		echo "	<div class='heading'><b>".escape($title)."</b>".($count === null ? '' : "<div class='count'>".number_format($count)."</div>")."</div>\n";
		echo "	<div class='actions'>\n";
		echo $buttons;
		foreach ($actions as $action) {
			echo button::create(['type' => 'button', 'label' => $text['button-'.$action], 'icon' => $settings->get('theme', 'button_icon_'.$action), 'id' => 'btn_'.$action, 'name' => 'btn_'.$action, 'style' => 'display: none;', 'onclick' => "modal_open('modal-".$action."','btn_".$action."');"]);
		}
		echo "		<form id='form_search' class='inline' method='get'>\n";
		foreach ($this->param as $name => $value) {
			if ($name !== 'search') {
				echo "			<input type='hidden' name='".escape($name)."' value=\"".voice_form::attribute($value)."\">\n";
			}
		}
		echo "		<input type='text' class='txt list-search' name='search' id='search' value=\"".voice_form::attribute($this->search)."\" placeholder=\"".$text['label-search']."\">";
		echo button::create(['label' => $text['button-search'], 'icon' => $settings->get('theme', 'button_icon_search'), 'type' => 'submit', 'id' => 'btn_search']);
		if ($this->paging_mini != '') {
			echo "		<span style='margin-left: 15px;'>".$this->paging_mini."</span>";
		}
		echo "		</form>\n";
		echo "	</div>\n";
		echo "	<div style='clear: both;'></div>\n";
		echo "</div>\n";
		foreach ($actions as $action) {
			echo modal::create(['id' => 'modal-'.$action, 'type' => $action, 'actions' => button::create(['type' => 'button', 'label' => $text['button-continue'], 'icon' => 'check', 'id' => 'btn_'.$action.'_continue', 'style' => 'float: right; margin-left: 15px;', 'collapse' => 'never', 'onclick' => "modal_close(); list_action_set('".$action."'); list_form_submit('form_list');"])]);
		}
	}

	/**
	 * Opens the list's form and table.
	 *
	 * @param array $columns name => [title, css] ; a name that is a number is not sorted by
	 */
	public function table(array $columns, bool $has_checkbox, bool $has_rows): void {
		echo "<form id='form_list' method='post' action='".escape($this->url(basename($_SERVER['PHP_SELF'])))."'>\n";
		echo "<input type='hidden' id='action' name='action' value=''>\n";
		echo "<div class='card'>\n<table class='list'>\n<tr class='list-header'>\n";
		if ($has_checkbox) {
			echo "	<th class='checkbox'><input type='checkbox' id='checkbox_all' name='checkbox_all' onclick='list_all_toggle(); checkbox_on_change(this);' ".($has_rows ? '' : "style='visibility: hidden;'")."></th>\n";
		}
		foreach ($columns as $name => [$title, $css]) {
			if (is_int($name)) {
				echo "	<th ".$css.">".escape($title)."</th>\n";
			}
			else {
				echo th_order_by($name, $title, $this->order_by, $this->order, null, $css, $this->query_string);
			}
		}
		echo "</tr>\n";
	}

	public static function checkbox(string $list, int $index, string $uuid): string {
		return "	<td class='checkbox'>\n"
			."		<input type='checkbox' name='".$list."[".$index."][checked]' id='checkbox_".$index."' value='true' onclick=\"checkbox_on_change(this); if (!this.checked) { document.getElementById('checkbox_all').checked = false; }\">\n"
			."		<input type='hidden' name='".$list."[".$index."][uuid]' value='".escape($uuid)."'>\n"
			."	</td>\n";
	}

	/**
	 * The cell that toggles its row.
	 */
	public static function enabled(int $index, string $value, bool $may_toggle, array $text): string {
		$label = $text['label-'.($value === 'true' ? 'true' : 'false')];
		if (!$may_toggle) {
			return "	<td class='center'>".$label."</td>\n";
		}
		return "	<td class='no-link center'>".button::create(['type' => 'submit', 'class' => 'link', 'label' => $label, 'title' => $text['button-toggle'], 'onclick' => "list_self_check('checkbox_".$index."'); list_action_set('toggle'); list_form_submit('form_list')"])."</td>\n";
	}

	public function foot(): void {
		echo "</table>\n</div>\n<br />\n";
		echo "<div align='center'>".$this->paging."</div>\n";
		echo voice_page::token_field();
		echo "</form>\n";
	}
}
